import { MaNetError } from '@ma-net/core';

/** Runs of one method, summarised. */
export interface Summary {
  readonly runs: number;
  readonly mean: number;
  /** Sample standard deviation (n - 1); undefined for a single run. */
  readonly sd: number | undefined;
}

/** Mean and sample standard deviation. */
export function summarise(values: readonly number[]): Summary {
  const runs = values.length;
  if (runs === 0) {
    throw new MaNetError('bad-argument', 'There are no runs to summarise.', {
      hint: 'give one value per finished run.',
    });
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / runs;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { runs, mean, sd: runs === 1 ? undefined : Math.sqrt(squares / (runs - 1)) };
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
