// What a description writes down while the program runs on shapes.

import { MaNetError } from './errors.ts';
import { uniformFanIn } from './init.ts';
import type { ModulatedKernel, ParameterSpec, StatisticSpec } from './network.ts';
import { attach, type Shaped, type Space } from './spaces.ts';

export type Shapes = Readonly<Record<string, readonly number[]>>;

export class Ledger {
  readonly parameters: ParameterSpec[] = [];
  readonly statistics: StatisticSpec[] = [];
  readonly kernels: ModulatedKernel[] = [];
  readonly spaces: Space[] = [];
  attentionMacs = 0;
  readonly #names = new Set<string>();
  readonly #shapes: Shapes;

  constructor(shapes: Shapes) {
    this.#shapes = shapes;
  }

  /** The width of one axis: what the network was resized to, else what the program asks for. */
  width(tensor: string, axis: number, asked: number): number {
    return this.#shapes[tensor]?.[axis] ?? asked;
  }

  declare(spec: ParameterSpec): void {
    if (this.#names.has(spec.name)) {
      throw new MaNetError('bad-argument', `Two layers of the network are called "${spec.name}".`, {
        hint: 'give every layer a name of its own; weights cannot be shared by name.',
      });
    }
    this.#names.add(spec.name);
    this.parameters.push(spec);
  }

  /** One number per channel of `x`, trained. */
  affine(name: string, x: Shaped, init: ParameterSpec['init']): void {
    this.declare({ name, kind: 'vector', shape: [x.shape.at(-1)!], init, positions: 0 });
    attach(x, name, 0, 'norm');
  }

  /** One number per channel of `x`, moved by training. */
  statistic(name: string, x: Shaped, initial: number): void {
    this.statistics.push({ name, shape: [x.shape.at(-1)!], initial });
    attach(x, name, 0, 'norm');
  }

  /** A kernel [..., in, out] that reads `x` and, with its bias, makes new channels. Returns their space. */
  kernel(
    layer: string,
    x: Shaped,
    spec: Omit<ParameterSpec, 'name'>,
    options: {
      readonly bias: boolean;
      readonly biasInit?: ParameterSpec['init'];
      readonly modulated: boolean;
    },
  ): Space {
    const [param, bias] = [`${layer}.weight`, `${layer}.bias`];
    const { shape } = spec;
    const postAxis = shape.length - 1;
    const preAxis = postAxis - 1;
    const [preNeurons, postNeurons] = [shape[preAxis]!, shape[postAxis]!];
    const area = shape.slice(0, preAxis).reduce((a, b) => a * b, 1);
    this.declare({ name: param, ...spec });
    attach(x, param, preAxis, 'read');
    const made = this.space(layer, postNeurons);
    const output: Shaped = { shape: [postNeurons], spaces: [made] };
    attach(output, param, postAxis, 'write');
    if (options.bias) {
      const init = options.biasInit ?? uniformFanIn(area * preNeurons);
      this.declare({ name: bias, kind: 'vector', shape: [postNeurons], init, positions: 0 });
      attach(output, bias, 0, 'write');
    }
    if (options.modulated) {
      const width = preAxis === 0 ? 1 : shape[preAxis - 1]!;
      this.kernels.push({ param, preAxis, postAxis, preNeurons, postNeurons, area, width });
    }
    return made;
  }

  /** A learned value of its own channels, [1, tokens, width]. */
  embedding(name: string, tokens: number, width: number, init: ParameterSpec['init']): Space {
    this.declare({ name, kind: 'embedding', shape: [1, tokens, width], init, positions: 0 });
    const made = this.space(name, width);
    attach({ shape: [width], spaces: [made] }, name, 2, 'write');
    return made;
  }

  space(id: string, units: number): Space {
    const space: Space = { order: this.spaces.length, id, units, block: 1, members: [], pinnedBy: [] };
    this.spaces.push(space);
    return space;
  }
}
