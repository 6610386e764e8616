// What passes where, as a page of the documentation, from a report of vitest.

import type { Tolerance } from '@ma-net/core';

/** As much of a report of vitest as the table needs. */
export interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
      readonly meta?: { readonly difference?: number };
    }[];
  }[];
}

export interface Column {
  readonly title: string;
  /** Name of the suite, and of the backend in the training tests. */
  readonly suite: string;
  readonly backend?: string;
  readonly device: string;
  readonly tolerance: Tolerance;
}

interface Cell {
  readonly passed: number;
  readonly of: number;
  readonly skips: readonly string[];
}

const HEADER = `# What passes where

Every backend runs one conformance suite, which compares it with tfjs's plain JavaScript kernels, and trains one
program. This page is written by \`npm run table -w @ma-net/backends\` from a report of those tests; a test
checks that it is current.
`;

/** The page. Suites that are not in the report (their backend could not start) get no numbers. */
export function renderTable(
  report: Report,
  columns: readonly Column[],
  families: Readonly<Record<string, readonly string[]>>,
): string {
  const results = report.testResults.flatMap((file) => file.assertionResults);
  const reasons: string[] = [];
  const footnote = (why: string): string => {
    if (!reasons.includes(why)) reasons.push(why);
    return `[${reasons.indexOf(why) + 1}]`;
  };
  const cellOf = ({ suite }: Column, tests: readonly string[]): Cell => {
    const isOwn = (title: string): boolean => tests.some((t) => title === t || title.startsWith(`${t} (`));
    const own = results.filter((r) => r.ancestorTitles.at(-1) === suite && isOwn(r.title));
    const skipped = own.filter((r) => r.status === 'skipped' || r.status === 'pending');
    const passed = own.filter((r) => r.status === 'passed').length;
    return { passed, of: own.length, skips: skipped.map((r) => /\((.+)\)$/.exec(r.title)?.[1] ?? r.title) };
  };
  const show = ({ passed, of, skips }: Cell): string => {
    if (of === 0) return '-';
    const notes = [...new Set(skips)].map(footnote).join(' ');
    return passed === of ? `${of}` : `${passed} of ${of} ${notes}`.trim();
  };
  const training = (title: RegExp, text: (difference: number | undefined) => string) => (column: Column) => {
    const own = results.find(
      (r) => r.ancestorTitles.includes(`digits on ${column.backend}`) && title.test(r.title),
    );
    if (own === undefined) return '-';
    return own.status === 'passed' ? text(own.meta?.difference) : own.status;
  };

  const rows: (readonly [string, (column: Column) => string])[] = [
    ['device', (c) => c.device],
    ['tolerance', ({ tolerance: t }) => `${t.atol} + ${t.rtol} relative`],
    ...Object.entries(families).map(
      ([f, tests]) => [`tests of ${f}`, (c: Column) => show(cellOf(c, tests))] as const,
    ),
    ['digits, 20 steps: largest difference of a loss', training(/^20 steps/, (d) => d!.toExponential(0))],
    ['a checkpoint of `cpu` is resumed', training(/^a checkpoint of the reference/, () => 'yes')],
    ['its checkpoint is resumed on `cpu`', training(/resumed on the reference/, () => 'yes')],
    ['its own is resumed bit for bit', training(/bit for bit/, () => 'yes')],
  ];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = [
    line(['', ...columns.map((c) => c.title)]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map(([name, cell]) => line([name, ...columns.map(cell)])),
  ];
  const notes = reasons.map((why, i) => `[${i + 1}] ${why}`);
  const skips =
    notes.length === 0 ? 'No test is skipped on any backend.' : `Skipped, and why:\n\n${notes.join('\n\n')}`;
  return `${HEADER}\n${table.join('\n')}\n\n${skips}\n`;
}
