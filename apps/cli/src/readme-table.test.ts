// The table of the root's README is what `npm start` prints, to the letter: its columns, its rows, and its layout.

import { readFileSync } from 'node:fs';
import { countParameters } from '@ma-net/metrics';
import { createTNet } from '@ma-net/tnet';
import { expect, test } from 'vitest';
import { HEAD, ROWS } from './commands/demo.ts';
import { changed, count } from './quantities.ts';
import { table } from './table.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

test('columns, rows and numbers', async () => {
  const lines = /```text\n( +test top1[^]*?)\n```/.exec(readme)?.[1]?.split('\n') ?? [];
  // Cells end where the columns of the first line end.
  const ends = HEAD.slice(1).map((title) => lines[0]!.indexOf(title) + title.length);
  const rows = lines.slice(1).map((line) => {
    const starts = [Math.max(...ROWS.map((title) => title.length)) + 2, ...ends];
    const cells = ends.map((end, i) => line.slice(starts[i], end).trim());
    return [line.slice(2, starts[0]).trimEnd(), ...cells];
  });
  expect(rows.map(([title]) => title)).toEqual(ROWS);
  expect(table(HEAD, rows)).toEqual(lines);

  // Parameters: of the whole network, then how many are left and what that is in percent.
  const whole = countParameters(await createTNet('resnet8-digits', { numClasses: 10 })).total;
  expect(rows[0]![2]).toBe(count(whole));
  for (const [, , parameters] of rows) {
    const left = Number(parameters!.replace(/ \(.*/, '').replaceAll(' ', ''));
    expect(parameters).toBe(changed(left, whole));
  }
});
