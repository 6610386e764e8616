import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { conformanceTests } from '@ma-net/testing';
import { describe, expect, test } from 'vitest';
import { columns, PAGE } from './columns.ts';
import { renderTable, type Report } from './table.ts';

const page = resolve(import.meta.dirname, '../../..', PAGE);
const report = process.env['MA_NET_REPORT'];
if (report !== undefined) {
  const text = renderTable(JSON.parse(readFileSync(report, 'utf8')) as Report, columns, conformanceTests());
  writeFileSync(page, text);
}

const rows = new Map(
  (existsSync(page) ? readFileSync(page, 'utf8') : '')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) => line.slice(2, -2).split(/ +\| +/))
    .map(([name, ...cells]) => [name!.trim(), cells.map((cell) => cell.trim())]),
);

describe('the page is current', () => {
  test('its columns are the backends, its tolerances theirs', () => {
    expect(rows.get('') ?? rows.values().next().value).toEqual(columns.map(({ title }) => title));
    expect(rows.get('tolerance')).toEqual(
      columns.map(({ tolerance: t }) => `${t.atol} + ${t.rtol} relative`),
    );
  });

  test.each(Object.entries(conformanceTests()))('every test of %s is counted', (family, tests) => {
    const counts = rows.get(`tests of ${family}`)?.map((cell) => Number(/(\d+)(?: \[|$)/.exec(cell)?.[1]));
    expect(counts).toEqual(columns.map(() => tests.length));
  });

  test('it has trained on every backend', () => {
    for (const [name, cells] of rows) {
      if (name.includes('resumed')) expect(cells.filter((cell) => cell === 'yes')).toHaveLength(4);
    }
  });
});

test('skips are counted, and their reasons listed once', () => {
  const suite = 'conformance of cpu';
  const result = (title: string, status: string) => ({ ancestorTitles: [suite], title, status });
  const small: Report = {
    testResults: [
      {
        assertionResults: [
          result('conv > a', 'passed'),
          result('conv > b (no kernel)', 'skipped'),
          result('pool > c (no kernel)', 'skipped'),
        ],
      },
    ],
  };
  const text = renderTable(small, columns.slice(0, 1), {
    convolution: ['conv > a', 'conv > b'],
    pooling: ['pool > c'],
    shapes: ['slice > d'],
  });
  expect(text).toContain(
    '| tests of convolution | 1 of 2 [1] |\n| tests of pooling | 0 of 1 [1] |\n| tests of shapes | - |',
  );
  expect(text).toContain('Skipped, and why:\n\n[1] no kernel\n');
});
