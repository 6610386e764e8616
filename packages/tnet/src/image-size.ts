import { MaNetError } from '@ma-net/core';

/**
 * The input shape, once its height and width are multiples of `step`. Throws `shape-mismatch`, saying
 * which sizes are possible.
 */
export function imageSize(
  network: string,
  inputShape: readonly [number, number, number],
  step: number,
): readonly [number, number, number] {
  const sides = inputShape.slice(0, 2);
  if (sides.every((side) => side > 0 && side % step === 0)) return inputShape;
  const rounded = (round: (n: number) => number): string =>
    sides.map((side) => Math.max(1, round(side / step)) * step).join(' x ');
  const sizes = new Set([rounded(Math.floor), rounded(Math.ceil)]);
  throw new MaNetError(
    'shape-mismatch',
    `"${network}" cannot take images of ${sides.join(' x ')}: both sides have to be multiples of ${step}.`,
    { hint: `resize the images, for example to ${[...sizes].join(' or ')}.` },
  );
}
