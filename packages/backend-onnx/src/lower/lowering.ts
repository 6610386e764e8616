// What kernels lower with: values that know their layouts, and the few idioms every family needs.
//
// tfjs images are NHWC and ONNX's are NCHW. A rank-4 value may exist in either order or in both; a kernel asks
// for the order it wants, and conversions appear only where a chain changes its mind, once per value.

import { MaNetError } from '@ma-net/core';
import type { DataType } from '@tensorflow/tfjs-core';
import type { Spec } from '../spec.ts';
import { Folding } from '../onnx/fold.ts';
import { ModelBuilder, type AttributeValue, elementType, type OnnxType } from '../onnx/model.ts';

/** A logical tfjs value during lowering: its tfjs shape, and the names it has in the ONNX graph. */
export class Val {
  readonly shape: readonly number[];
  readonly dtype: DataType;
  /** Name of the value with axes (N, C, H, W), for rank 4. */
  nchw: string | undefined;
  /** Other shapes of the same buffer that were asked for. */
  readonly views = new Map<string, Val>();
  readonly #derived = new Map<string, string>();
  #plain: string | undefined;
  #make: (() => string) | undefined;

  constructor(spec: Spec, plain: string | undefined, nchw: string | undefined) {
    this.shape = spec.shape;
    this.dtype = spec.dtype;
    this.#plain = plain;
    this.nchw = nchw;
  }

  /** Name of the value in tfjs's own order. */
  get plain(): string | undefined {
    return (this.#plain ??= this.#make?.());
  }

  set plain(name: string) {
    this.#plain = name;
  }

  /** `make` emits the value in tfjs's order when its name is first asked for. */
  later(make: () => string): void {
    this.#make = make;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** The name of what `emit` computes from this value, computed once for each key. */
  once(key: string, emit: () => string): string {
    let name = this.#derived.get(key);
    if (name === undefined) this.#derived.set(key, (name = emit()));
    return name;
  }

  /** Whether something was computed by that key. */
  has(key: string): boolean {
    return this.#derived.has(key);
  }
}

/** Numbers in a row from which on ONNX Runtime broadcasts as fast as it can. */
const LONG_RUN = 4096;

const TO_NCHW = [0, 3, 1, 2] as const;
const TO_NHWC = [0, 2, 3, 1] as const;
/** Where each NHWC axis is in NCHW. */
const AXIS_IN_NCHW = [0, 2, 3, 1] as const;

export class Lowering {
  readonly model = new ModelBuilder();
  readonly #tables = new Map<string, string>();
  /** Transposes constants once and for all, where a model is made to be kept. */
  readonly folds: Folding | undefined;
  /** Whether to emit what the CPU provider is fastest at: convolutions as matrix products, and long runs. */
  readonly cpu: boolean;

  constructor({ fold = false, cpu = false } = {}) {
    this.folds = fold ? new Folding(this.model) : undefined;
    this.cpu = cpu;
  }

  // --- values -------------------------------------------------------------------------------------

  /** A value named `name`, in tfjs's order. */
  val(name: string, spec: Spec): Val {
    return new Val(spec, name, undefined);
  }

  /** A rank-4 value named `name`, in NCHW order; `spec.shape` is the tfjs (NHWC) shape. */
  valNchw(name: string, spec: Spec): Val {
    return new Val(spec, undefined, name);
  }

  /** The name of `x` in tfjs's order. */
  plain(x: Val): string {
    return (x.plain ??= this.#reorder(x, x.nchw!, TO_NHWC, x.shape));
  }

  /** The name of the rank-4 value `x` in NCHW order. */
  nchw(x: Val): string {
    return (x.nchw ??= this.#reorder(x, x.plain!, TO_NCHW, nchwShape(x.shape)));
  }

  #reorder(x: Val, from: string, perm: readonly number[], shape: readonly number[]): string {
    const [, h, w, c] = x.shape;
    const sameOrder = c === 1 || (h === 1 && w === 1);
    return sameOrder ? this.reshape(from, shape) : this.model.node('Transpose', [from], { perm });
  }

  /** `x` seen in another shape. */
  view(x: Val, shape: readonly number[]): Val {
    if (sameShape(x.shape, shape)) return x;
    const key = shape.join();
    let view = x.views.get(key);
    if (view === undefined) {
      const spec = { shape, dtype: x.dtype };
      // [N, 1, 1, C] loses its unit axes without changing the order of its elements, whatever the layout.
      const flat = x.plain === undefined && x.shape[1] === 1 && x.shape[2] === 1;
      view = this.val(this.reshape(flat ? x.nchw! : this.plain(x), shape), spec);
      x.views.set(key, view);
    }
    return view;
  }

  /** A constant of int32 indices, made once for each key. */
  table(key: string, make: () => Int32Array): string {
    let name = this.#tables.get(key);
    if (name === undefined) {
      const indices = make();
      name = this.model.constant(indices, [indices.length], 'int32');
      this.#tables.set(key, name);
    }
    return name;
  }

  // --- idioms on names ----------------------------------------------------------------------------

  op(type: string, inputs: readonly string[], attributes?: Readonly<Record<string, AttributeValue>>): string {
    return this.model.node(type, inputs, attributes);
  }

  reshape(name: string, shape: readonly number[]): string {
    return this.op('Reshape', [name, this.model.ints(shape)]);
  }

  transpose(name: string, perm: readonly number[]): string {
    if (perm.every((p, k) => p === k)) return name;
    return this.folds?.transpose(name, perm) ?? this.op('Transpose', [name], { perm });
  }

  cast(name: string, to: OnnxType): string {
    return this.op('Cast', [name], { to: elementType(to) });
  }

  /** `x[begin, begin + step, ...]` up to, not including, `end`, along `axes`. */
  slice(
    name: string,
    begin: readonly number[],
    end: readonly number[],
    axes: readonly number[] = begin.map((_, k) => k),
    steps?: readonly number[],
  ): string {
    const { model } = this;
    const inputs = [name, model.ints(begin), model.ints(end), model.ints(axes)];
    return this.op('Slice', steps === undefined ? inputs : [...inputs, model.ints(steps)]);
  }

  /** Pads with `value` (a constant), `before` and `after` each axis. */
  pad(
    name: string,
    before: readonly number[],
    after: readonly number[],
    value = 0,
    type: OnnxType = 'float32',
  ): string {
    if (before.every((p) => p === 0) && after.every((p) => p === 0)) return name;
    return this.op('Pad', [name, this.model.ints([...before, ...after]), this.model.scalar(value, type)]);
  }

  expand(name: string, shape: readonly number[]): string {
    return this.op('Expand', [name, this.model.ints(shape)]);
  }

  reduce(type: string, name: string, axes: readonly number[], keepDims: boolean): string {
    return this.op(type, [name, this.model.ints(axes)], { keepdims: keepDims ? 1 : 0 });
  }

  /** `x` in tfjs's order, as float32. */
  float(x: Val): string {
    return x.dtype === 'float32' ? this.plain(x) : this.cast(this.plain(x), 'float32');
  }

  // --- families that work in either layout --------------------------------------------------------

  /**
   * Emits an elementwise, broadcasting computation in the layout that fewer of its inputs have to be brought to. `emit`
   * gets the names of the inputs and may broadcast them against each other as ONNX does.
   */
  elementwise(inputs: readonly Val[], spec: Spec, emit: (names: string[]) => string): Val {
    const images = inputs.filter((x) => x.rank === 4 && !trivial(x));
    const lacking = (order: 'plain' | 'nchw'): number => images.filter((x) => x[order] === undefined).length;
    const inNchw = spec.shape.length === 4 && images.length > 0 && lacking('nchw') <= lacking('plain');
    if (!inNchw) return this.val(emit(inputs.map((x) => this.#broadcast(x, spec.shape))), spec);
    return this.valNchw(emit(inputs.map((x) => this.#broadcastNchw(x))), spec);
  }

  /** The name of `x`, repeated along the rows of an image when it is one value per channel: long runs are faster. */
  #broadcast(x: Val, [, , width, channels]: readonly number[]): string {
    const vector = x.rank === 1 && x.shape[0] === channels;
    if (!this.cpu || !vector || channels! * width! > LONG_RUN) return this.plain(x);
    return x.once(`row of ${width}`, () => this.expand(this.plain(x), [width!, channels!]));
  }

  /** The name of `x` in a shape that broadcasts, in NCHW order, as `x` itself does in NHWC order. */
  #broadcastNchw(x: Val): string {
    if (x.rank === 4) return this.nchw(x);
    if (x.size === 1) return this.plain(x);
    if (x.rank === 1) return this.plain(this.view(x, [x.shape[0]!, 1, 1]));
    return this.nchw(this.view(x, [...Array<number>(4 - x.rank).fill(1), ...x.shape]));
  }

  /** Emits a reduction over `axes` in the layout of `x`. */
  reduction(
    x: Val,
    axes: readonly number[],
    keepDims: boolean,
    spec: Spec,
    emit: (name: string, axes: readonly number[]) => string,
  ): Val {
    if (x.rank !== 4 || x.nchw === undefined || trivial(x)) return this.val(emit(this.plain(x), axes), spec);
    const kept = AXIS_IN_NCHW.filter((_, axis) => !axes.includes(axis));
    const inOrder = kept.every((axis, k) => k === 0 || kept[k - 1]! < axis);
    if (!keepDims && !inOrder) return this.val(emit(this.plain(x), axes), spec);
    const name = emit(
      x.nchw,
      axes.map((axis) => AXIS_IN_NCHW[axis]!).sort((a, b) => a - b),
    );
    return keepDims ? this.valNchw(name, spec) : this.val(name, spec);
  }
}

/** Both layouts of such a value have the same bytes; it should not decide a layout. */
function trivial(x: Val): boolean {
  return x.shape[3] === 1 || (x.shape[1] === 1 && x.shape[2] === 1);
}

export function nchwShape([n, h, w, c]: readonly number[]): [number, number, number, number] {
  return [n!, c!, h!, w!];
}

export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const d of shape) size *= d;
  return size;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, k) => d === b[k]);
}

/** The ONNX element type that carries a tfjs dtype. */
export function onnxType(dtype: DataType): OnnxType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new MaNetError('unsupported-op', `The onnx backend cannot compute with tensors of dtype ${dtype}.`, {
    hint: 'cast to float32, int32 or bool first.',
  });
}
