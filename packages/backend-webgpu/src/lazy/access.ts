// Where the numbers of a result lie in what it is computed of. All places count from the start of a buffer, row by row.

/** ((place / div) % mod) * mul; `mod` is 0 where nothing is left over. */
export interface Term {
  readonly div: number;
  readonly mod: number;
  readonly mul: number;
}

/** The sum of the terms and of `offset`; undefined is the same place. */
export interface Access {
  readonly offset: number;
  readonly terms: readonly Term[];
}

/** The place in a buffer that is walked through with `strides`, one for each axis of `shape`, from `offset` on. */
export function affine(shape: readonly number[], strides: readonly number[], offset = 0): Access | undefined {
  const size = sizeOf(shape);
  const terms: Term[] = [];
  let div = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [mod, mul] = [shape[axis]!, strides[axis]!];
    const inner = terms.at(-1);
    if (mod !== 1 && mul !== 0) {
      const joins = inner !== undefined && inner.div * inner.mod === div && inner.mul * inner.mod === mul;
      if (joins) terms[terms.length - 1] = { ...inner, mod: inner.mod * mod };
      else terms.push({ div, mod, mul });
    }
    div *= mod;
  }
  const open = terms.map((term) => (term.div * term.mod === size ? { ...term, mod: 0 } : term));
  const [only] = open;
  const same = open.length === 1 && only!.div === 1 && only!.mod === 0 && only!.mul === 1 && offset === 0;
  return same ? undefined : { offset, terms: open };
}

/** Where a number of `out` lies in an operand of `shape` that is repeated along axes of 1 and along missing ones. */
export function repeated(out: readonly number[], shape: readonly number[]): Access | undefined {
  if (sizeOf(out) === sizeOf(shape)) return undefined;
  const strides = stridesOf(shape);
  const missing = out.length - shape.length;
  return affine(
    out,
    out.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : strides[axis - missing]!)),
  );
}

export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
