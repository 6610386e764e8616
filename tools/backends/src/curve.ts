// A loss curve as a text file: comments, then one step and its loss per line.

import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../curves/digits.txt', import.meta.url);

/** The committed losses, by the number of steps after them. */
export function readCurve(): Map<number, number> {
  const lines = readFileSync(file, 'utf8').split('\n');
  const numbers = lines.filter((line) => /^\d/.test(line)).map((line) => line.split(/\s+/).map(Number));
  return new Map(numbers.map(([step, loss]) => [step!, loss!]));
}

export function writeCurve(losses: ReadonlyMap<number, number>): void {
  const lines = [...losses].map(([step, loss]) => `${step} ${loss.toFixed(7)}`);
  writeFileSync(file, `${HEADER}${lines.join('\n')}\n`);
}

const HEADER = `# Twenty mini-batches of a MA-Net on the embedded digits (digits.ts), seed 0, on the cpu backend.
# Every backend follows it. To write it anew: npm run curve -w @ma-net/backends
# step loss
`;

/** The largest relative difference, and where; only steps that both have. */
export function largestDifference(
  found: ReadonlyMap<number, number>,
  expected: ReadonlyMap<number, number>,
): { readonly step: number; readonly relative: number } {
  let worst = { step: 0, relative: 0 };
  for (const [step, loss] of found) {
    const wanted = expected.get(step);
    if (wanted === undefined) continue;
    const relative = Math.abs(loss - wanted) / Math.abs(wanted);
    if (!(relative <= worst.relative)) worst = { step, relative };
  }
  return worst;
}
