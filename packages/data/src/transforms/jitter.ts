import { MaNetError, type Rng } from '@ma-net/core';
import { brightness, contrast, hue, saturation } from './colour.ts';
import type { Picture } from './picture.ts';

/** How far factors are drawn from 1 on both sides; hue in turns of the circle, from 0. */
export interface Jitter {
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  readonly hue?: number;
  /** That anything is done; 1 unless given. */
  readonly probability?: number;
}

const KINDS = { brightness, contrast, saturation, hue };
type Kind = keyof typeof KINDS;

/** Changes the colours of a picture in a random order by random factors. */
export function jitter(picture: Picture, { probability = 1, ...ranges }: Jitter, rng: Rng): Picture {
  if (rng.uniform() >= probability) return picture;
  const kinds = Object.keys(KINDS) as Kind[];
  let out = picture;
  for (const k of rng.permutation(kinds.length)) {
    const kind = kinds[k]!;
    const range = ranges[kind] ?? 0;
    const u = 2 * rng.uniform() - 1;
    if (range === 0) continue;
    const low = kind === 'hue' ? -range : Math.max(0, 1 - range);
    const high = kind === 'hue' ? range : 1 + range;
    out = KINDS[kind](out, low + ((high - low) * (u + 1)) / 2);
  }
  return out;
}

/** `bad-argument` where a range is negative, a hue more than half a turn, or a probability none. */
export function checkJitter(ranges: Jitter): void {
  const limits: Record<keyof Jitter, number> = {
    brightness: Number.MAX_VALUE,
    contrast: Number.MAX_VALUE,
    saturation: Number.MAX_VALUE,
    hue: 0.5,
    probability: 1,
  };
  for (const [field, limit] of Object.entries(limits) as [keyof Jitter, number][]) {
    const value = ranges[field] ?? 0;
    if (value >= 0 && value <= limit) continue;
    throw new MaNetError('bad-argument', `jitter.${field} is ${value}; expected 0 to ${limit}.`, {
      where: `augment.jitter.${field}`,
      hint: 'leave it out to do without.',
    });
  }
}
