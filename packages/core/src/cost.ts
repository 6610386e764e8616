// What a network would take, counted before anything of it is made. A typing error in a recipe asks for terabytes as
// easily as for kilobytes.

import { MaNetError } from './errors.ts';

/** Numbers in one tensor: no backend makes a longer one. */
const LONGEST_TENSOR = 2 ** 31 - 1;

/** Parameters of one network: 16 GiB as float32, and as much again for gradients and each moment of an optimiser. */
const MOST_PARAMETERS = 2 ** 32;

/** Tensors of one network: a graph of so many layers is never compiled. */
const MOST_TENSORS = 100_000;

/** Mini-batches of one run: at a thousand a second they take thirty years. */
const MOST_STEPS = 1e12;

/** Counts what a network is made of. */
export class Cost {
  #parameters = 0;
  #tensors = 0;
  readonly #what: string;

  /** `what` is the subject of a sentence: `The network "resnet18"`. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Counts a tensor. Throws `too-large` as soon as no machine could hold it, or all so far. */
  add(name: string, shape: readonly number[]): void {
    const size = assertTensor(name, shape);
    this.#parameters += size;
    this.#tensors += 1;
    if (this.#parameters > MOST_PARAMETERS)
      refuse(
        `${this.#what} would have more than ${MOST_PARAMETERS} parameters, ${gibibytes(MOST_PARAMETERS)} to store and several times that to train.`,
        name,
      );
    this.#mustEnd(name);
  }

  /** Counts what a layer makes of one image. Throws `too-large` as `add` does. */
  value(layer: string, shape: readonly number[]): void {
    assertTensor(layer, shape);
    this.#tensors += 1;
    this.#mustEnd(layer);
  }

  #mustEnd(name: string): void {
    if (this.#tensors > MOST_TENSORS)
      refuse(`${this.#what} would have more than ${MOST_TENSORS} tensors.`, name);
  }
}

/** The numbers in a tensor of this shape. Throws `too-large` when no backend could hold them. */
export function assertTensor(name: string, shape: readonly number[]): number {
  const size = shape.reduce((a, b) => a * b, 1);
  if (!(size <= LONGEST_TENSOR))
    refuse(
      `A tensor of shape [${shape.join(', ')}] would have ${size} numbers, ${gibibytes(size)}; the longest has ${LONGEST_TENSOR}.`,
      name,
    );
  return size;
}

/** The mini-batches of a run. Throws `too-large` when nobody could wait for them. */
export function assertSteps(steps: number, where: string): number {
  if (!(steps <= MOST_STEPS)) refuse(`The run would take ${steps} mini-batches.`, where);
  return steps;
}

function gibibytes(numbers: number): string {
  return `${((numbers * 4) / 2 ** 30).toPrecision(3)} GiB`;
}

function refuse(message: string, where: string): never {
  throw new MaNetError('too-large', `${message} Nothing was allocated.`, {
    where,
    hint: 'look for a digit too many in its widths, numbers of layers, size of images or epochs.',
  });
}
