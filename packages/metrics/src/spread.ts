import { MaNetError } from '@ma-net/core';

/** Runs of one method, summarised. */
export interface Summary {
  readonly runs: number;
  readonly mean: number;
  /** Sample standard deviation (n - 1); undefined for a single run. */
  readonly sd: number | undefined;
  /** The mean lies within this of the true one in 95 % of all such samples (Student's t); undefined for a single run. */
  readonly margin: number | undefined;
}

/** Mean, sample standard deviation, and half the width of the 95 % interval of the mean. */
export function summarise(values: readonly number[]): Summary {
  const runs = values.length;
  if (runs === 0) {
    throw new MaNetError('bad-argument', 'There are no runs to summarise.', {
      hint: 'give one value per finished run.',
    });
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / runs;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (runs === 1) return { runs, mean, sd: undefined, margin: undefined };
  const sd = Math.sqrt(squares / (runs - 1));
  return { runs, mean, sd, margin: (studentT(0.95, runs - 1) * sd) / Math.sqrt(runs) };
}

/**
 * The t below which the absolute value of Student's t stays with probability `within`, at a whole number of degrees of
 * freedom from 1 (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4, by bisection).
 */
export function studentT(within: number, degrees: number): number {
  if (!(within >= 0 && within < 1) || !Number.isInteger(degrees) || degrees < 1) {
    throw new MaNetError('bad-argument', `Student's t has no quantile ${within} of ${degrees} degrees.`, {
      hint: 'give a probability from 0 to below 1, and a whole number of degrees from 1.',
    });
  }
  let [low, high] = [0, Math.PI / 2];
  for (let i = 0; i < 60; i++) {
    const angle = (low + high) / 2;
    if (probabilityWithin(angle, degrees) < within) low = angle;
    else high = angle;
  }
  return Math.sqrt(degrees) * Math.tan(low);
}

/**
 * The 95 % interval of a part, of which `value` was found in `samples` independent ones: Wilson's score interval (1927),
 * which stays within 0 and 1.
 */
export function proportionInterval(value: number, samples: number): readonly [number, number] {
  if (!(value >= 0 && value <= 1) || !(samples >= 1)) {
    throw new MaNetError('bad-argument', `${value} of ${samples} samples is no part of them.`, {
      hint: 'give a part from 0 to 1, and at least one sample.',
    });
  }
  // The normal distribution lies within this of its mean with probability 0.95.
  const z2 = 1.959963984540054 ** 2;
  const middle = (value + z2 / (2 * samples)) / (1 + z2 / samples);
  const margin =
    Math.sqrt((z2 * value * (1 - value)) / samples + (z2 / (2 * samples)) ** 2) / (1 + z2 / samples);
  return [Math.max(0, middle - margin), Math.min(1, middle + margin)];
}

/** A(t | degrees), where tan(angle) = t / sqrt(degrees). */
function probabilityWithin(angle: number, degrees: number): number {
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cos : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= (cos * cos * (k - 1)) / k;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + sin * sum) : sin * sum;
}

/** Differences between two methods, run by run. */
export interface PairedSummary extends Summary {
  readonly smallest: number;
  /** Runs in which the method was better than the baseline. */
  readonly positive: number;
}

/** Summarises `method[i] - baseline[i]`, where both runs i had the same seed. */
export function pairedDifferences(method: readonly number[], baseline: readonly number[]): PairedSummary {
  if (method.length !== baseline.length) {
    throw new MaNetError(
      'shape-mismatch',
      `${method.length} runs cannot be paired with ${baseline.length} runs of the baseline.`,
      { hint: 'give the runs of both in the same order of seeds, and only seeds that both have.' },
    );
  }
  const differences = method.map((value, i) => value - baseline[i]!);
  return {
    ...summarise(differences),
    smallest: Math.min(...differences),
    positive: differences.filter((difference) => difference > 0).length,
  };
}
