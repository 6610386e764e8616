// `manet train --json`: stdout for programs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manet, newFolder, TINY_PLAIN } from '../test/manet.ts';

interface Line {
  readonly type: string;
  readonly [field: string]: unknown;
}
const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

test('stdout has a line of JSON for everything that happens, and nothing else', {
  timeout: 60_000,
}, async () => {
  const folder = newFolder();
  const { code, stdout, stderr } = await manet(
    ['train', ...TINY_PLAIN, '--set', 'epochs=2', '--out', 'run', '--json'],
    folder,
  );
  expect(code, stderr).toBe(0);
  const lines = linesOf(stdout);
  const [first, second] = lines as [Line, Line];
  expect(first).toMatchObject({ type: 'run', path: 'run', facts: { backend: 'cpu', seed: 0 } });
  expect(second).toMatchObject({ type: 'start', step: 0, budget: 16 });
  const result = lines.at(-1)!;
  expect(result).toMatchObject({ type: 'result', path: 'run', reason: 'budget', step: 16 });
  // What is logged is told, word for word.
  const logged = linesOf(readFileSync(join(folder, 'run/metrics.jsonl'), 'utf8'));
  expect(lines.slice(2, -1).filter(({ type }) => type !== 'checkpoint')).toEqual(logged);
  const last = logged.findLast(({ type }) => type === 'evaluation')!;
  expect(result['measures']).toEqual({ test: last['measures'] });
  // People read on stderr.
  expect(stderr).toContain('run is trained');

  const again = await manet(['train', '--resume', 'run', '--json'], folder);
  expect(linesOf(again.stdout).at(-1)).toMatchObject({ type: 'result', step: 16 });
});
