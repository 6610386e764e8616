// What a description writes down while the layers of a network run on shapes. A name that comes again with the same
// spec is the same weight: its readers are joined, it makes the same channels, its positions add up.

import { Cost } from './cost.ts';
import { MaNetError } from './errors.ts';
import { uniformFanIn } from './init.ts';
import type { CouplingMember, ModulatedKernel, ParameterSpec, Pin, StatisticSpec } from './network.ts';
import { attach, coarsen, join, pin, type Shaped, type Space } from './spaces.ts';

export type Shapes = Readonly<Record<string, readonly number[]>>;

/** Channels of a value. */
type Channels = Pick<Shaped, 'spaces'>;

export class Ledger {
  /** What the network would take, so far. */
  readonly cost = new Cost('The network');
  readonly spaces: Space[] = [];
  readonly kernels: ModulatedKernel[] = [];
  /** Multiply-accumulates per image that take no weight. */
  activationMacs = 0;
  /** The layer that is being described: its name, or the kind of a layer without one. */
  layer = '';
  /** What kind of layer that is. */
  kind = '';
  readonly #parameters = new Map<string, ParameterSpec>();
  readonly #statistics = new Map<string, StatisticSpec>();
  /** What each axis of a tensor runs over, and which kind of layer owns it. */
  readonly #over = new Map<string, Channels>();
  readonly #owner = new Map<string, string>();
  /** Channels by the tensor that makes them. */
  readonly #made = new Map<string, Space>();
  readonly #shapes: Shapes;

  constructor(shapes: Shapes = {}) {
    this.#shapes = shapes;
  }

  get parameters(): ParameterSpec[] {
    return [...this.#parameters.values()];
  }

  get statistics(): StatisticSpec[] {
    return [...this.#statistics.values()];
  }

  /** The width of one axis: what the network was resized to, else what the program asks for. */
  width(tensor: string, axis: number, asked: number): number {
    return this.#shapes[tensor]?.[axis] ?? this.whole('out', asked, 1);
  }

  /** `value`, an option of the layer. Throws `bad-argument` unless it is a whole number of at least `least`. */
  whole(option: string, value: number, least: number): number {
    if (Number.isInteger(value) && value >= least) return value;
    throw new MaNetError('bad-argument', `The option "${option}" is ${value}.`, {
      where: `layer "${this.layer}"`,
      hint: `pass a whole number of at least ${least}.`,
    });
  }

  /** A trained tensor of the layer. */
  declare(spec: ParameterSpec): void {
    const known = this.#parameters.get(spec.name);
    if (known !== undefined) this.#mustBeOne(this.#said(spec), this.#said(known), spec.name);
    else this.cost.add(spec.name, spec.shape);
    this.#owner.set(spec.name, this.kind);
    const positions = spec.positions + (known?.positions ?? 0);
    this.#parameters.set(spec.name, known === undefined ? spec : { ...known, positions });
  }

  #said({ shape, init }: Pick<ParameterSpec, 'shape' | 'init'>): string {
    return `[${shape.join(', ')}], started ${JSON.stringify(init)}`;
  }

  /** Throws `bad-argument` unless what a layer says of a tensor is what an earlier one said. */
  #mustBeOne(now: string, before: string, tensor: string): void {
    const kind = this.#owner.get(tensor)!;
    if (now === before && kind === this.kind) return;
    throw new MaNetError(
      'bad-argument',
      `Two layers of the network are called "${tensor}" and cannot share it: a ${kind} of ${before}, and a ${this.kind} of ${now}.`,
      {
        where: `layer "${this.layer}"`,
        hint: 'give every layer a name of its own; layers of one name, kind and shape share their weights.',
      },
    );
  }

  /** One number per channel of `x`, trained. */
  affine(name: string, x: Shaped, init: ParameterSpec['init']): void {
    this.declare({ name, kind: 'vector', shape: [x.shape.at(-1)!], init, positions: 0 });
    this.attach(x, name, 0, 'norm');
  }

  /** One number per channel of `x`, moved by training; `held` where it is no estimate from images. */
  statistic(
    name: string,
    x: Shaped,
    initial: number,
    { held = false }: { readonly held?: boolean } = {},
  ): void {
    const known = this.#statistics.get(name);
    const shape = [x.shape.at(-1)!];
    if (known !== undefined) this.#mustBeOne(`[${shape.join()}]`, `[${known.shape.join()}]`, name);
    this.#owner.set(name, this.kind);
    this.#statistics.set(name, { name, shape, initial, ...(held ? { held } : {}) });
    this.attach(x, name, 0, 'norm');
  }

  /** A kernel [..., in, out] that reads `x` and, with its bias, makes new channels. Returns their space. */
  kernel(
    layer: string,
    x: Shaped,
    spec: Omit<ParameterSpec, 'name'>,
    options: { readonly bias: boolean; readonly biasInit?: ParameterSpec['init'] },
  ): Space {
    const [param, bias] = [`${layer}.weight`, `${layer}.bias`];
    const { shape } = spec;
    const postAxis = shape.length - 1;
    const preAxis = postAxis - 1;
    const [preNeurons, postNeurons] = [shape[preAxis]!, shape[postAxis]!];
    const area = shape.slice(0, preAxis).reduce((a, b) => a * b, 1);
    const shared = this.#parameters.has(param);
    const biased = (has: boolean): string => (has ? 'a weight and a bias' : 'a weight alone');
    if (shared) this.#mustBeOne(biased(options.bias), biased(this.#parameters.has(bias)), param);
    this.declare({ name: param, ...spec });
    this.attach(x, param, preAxis, 'read');
    const made = this.space(layer, postNeurons, param);
    const output: Channels = { spaces: [made] };
    this.attach(output, param, postAxis, 'write');
    if (options.bias) {
      const init = options.biasInit ?? uniformFanIn(area * preNeurons);
      this.declare({ name: bias, kind: 'vector', shape: [postNeurons], init, positions: 0 });
      this.attach(output, bias, 0, 'write');
    }
    if (!shared) {
      const width = preAxis === 0 ? 1 : shape[preAxis - 1]!;
      this.kernels.push({ param, preAxis, postAxis, preNeurons, postNeurons, area, width });
    }
    return made;
  }

  /** Channels called `id` that `tensor` makes: the same ones when it made some before. */
  space(id: string, units: number, tensor: string): Space {
    const known = this.#made.get(tensor);
    if (known !== undefined) return known;
    const space: Space = { order: this.spaces.length, id, units, block: 1, members: [], pinnedBy: [] };
    this.spaces.push(space);
    this.#made.set(tensor, space);
    return space;
  }

  /** Channels that are positions, such as the scores of an attention: the layer needs all of them. */
  positions(units: number): Space {
    const id = `${this.layer} ${this.spaces.length}`;
    const space: Space = { order: this.spaces.length, id, units, block: 1, members: [], pinnedBy: [] };
    this.spaces.push(space);
    this.pin({ spaces: [space] });
    return space;
  }

  /** One axis of `tensor` runs over the channels of `x`, or over its units. */
  attach(
    x: Channels,
    tensor: string,
    axis: number,
    role: CouplingMember['role'],
    over: 'channels' | 'units' = 'channels',
  ): void {
    const key = `${tensor} ${axis}`;
    const known = this.#over.get(key);
    if (known === undefined) {
      this.#over.set(key, x);
      attach(x, tensor, axis, role, over);
    } else {
      this.join(known, x);
    }
  }

  /** The channels of two values are added, or read by one weight: they go together. */
  join(a: Channels, b: Channels): void {
    join(a, b, this.#self());
  }

  /** From here on every `block` neighbouring channels of `x` are one unit: heads, groups. */
  units(x: Channels, block: number): void {
    coarsen(x, block, this.#self());
  }

  /** The layer needs every channel of `x`: none can ever go. */
  pin(x: Channels, by: Pin = this.#self()): void {
    pin(x, by);
  }

  /** Work per image that takes no weight: the scores of an attention and their use. */
  macs(perImage: number): void {
    this.activationMacs += perImage;
  }

  /** Throws `shape-mismatch` for inputs that the layer being described cannot take. */
  refuse(problem: string, hint: string): never {
    throw new MaNetError('shape-mismatch', problem, { where: `layer "${this.layer}"`, hint });
  }

  #self(): Pin {
    return { kind: 'layer', name: this.layer };
  }
}
