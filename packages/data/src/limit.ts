import { MaNetError } from '@ma-net/core';

/** How many of `available` images a limit leaves; refuses to be asked for more than there are. */
export function limited(field: string, limit: number | undefined, available: number, where: string): number {
  if (limit === undefined) return available;
  if (!Number.isInteger(limit) || limit < 1 || limit > available) {
    throw new MaNetError('bad-argument', `${field} is ${limit}, but there are ${available} images.`, {
      where,
      hint: `give a whole number from 1 to ${available}, or leave ${field} out to use all.`,
    });
  }
  return limit;
}
