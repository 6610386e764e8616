import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { all, parsed } from '../test/parsed.ts';
import { recipe, facts, lines, writeRun } from '../test/run-files.ts';
import { htmlPage, reportPage } from './page.ts';
import { grouped, readRun } from './read-run.ts';
import type { RunRecord } from './record.ts';

const options = { title: 'Report', made: 'today' };

describe('reportPage', () => {
  test('needs no other file and runs nothing', () => {
    const page = reportPage(grouped([readRun(writeRun())]), options);
    expect(page).toMatch(/^<!doctype html>\n<!-- Written by MA-Net. -->/);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed)\b|\bsrc=|href="http|url\(|@import/i);
    // The name of a namespace is no address.
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
  });

  test('shows recipe, versions, seed and the command that trains it again', () => {
    const body = parsed(reportPage(grouped([readRun(writeRun())]), options));
    expect(body.textContent).toContain('"epochs": 2');
    expect(body.textContent).toContain('ma-net 0.1.0');
    expect(body.textContent).toContain('ma-net, seed 0');
    expect(body.textContent).toContain('manet train --recipe recipe.json --backend onnx');
    expect(all(body, 'figure').map((figure) => figure.getAttribute('id'))).toEqual([
      'measure-test-top1',
      'measure-test-loss',
      'term-loss',
      'term-top1',
      'kept',
      'rounds-0',
      'channels-0',
    ]);
  });

  test('markup in any file of a run stays text', () => {
    const evil =
      '"\'></text></svg></title></style></code><script>alert(1)</script><img src=x onerror=alert(1)>\u0000\ud800';
    const poisoned = (value: unknown): unknown => {
      if (typeof value === 'string') return evil + value;
      if (Array.isArray(value)) return value.map(poisoned);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [
          key === 'type' ? key : key,
          key === 'type' || key === 'set' ? inner : poisoned(inner),
        ]),
      );
    };
    const measured = lines.map((line) => ({
      ...(poisoned(line) as object),
      ...('terms' in line ? { terms: { [evil]: 1 } } : {}),
      ...('measures' in line ? { measures: { [evil]: 0.5 } } : {}),
    }));
    const run = readRun(
      writeRun({
        recipe: { ...(poisoned(recipe) as object), [evil]: 1 },
        facts: poisoned(facts),
        lines: measured,
      }),
    );
    const [record] = grouped([run]) as [RunRecord];
    const inside = {
      headline: evil,
      proportion: true,
      layers: [{ layer: evil, connections: { kept: 1, of: 2 }, units: { kept: 1, of: 2 } }],
      gates: [{ layer: evil, pre: 1, post: 2, gates: [1, 0.5] }],
      alive: 1,
      parameters: 1,
      macs: 1,
    };
    const page = reportPage(
      [
        { ...record, path: evil, inside, notes: [evil] },
        { ...record, group: `b${evil}` },
      ],
      {
        title: evil,
        made: evil,
        device: evil,
      },
    );
    expect(page).not.toMatch(/<script|<img|\u0000/);
    const body = parsed(page);
    expect(all(body, 'script, img, [onerror]')).toEqual([]);
    // Nothing of it is lost either.
    expect(body.textContent.match(/<script>alert\(1\)<\/script>/g)!.length).toBeGreaterThan(20);
    // Every figure is closed where it began: none has swallowed another.
    expect(all(body, 'figure > svg').length).toBe(all(body, 'figure').length);
  });

  test('five runs of a network of 53 kernels stay below two megabytes', () => {
    const rng = Rng.fromSeed(3);
    const layers = Array.from({ length: 53 }, (_, i) => ({ layer: `layer${i}.conv.weight`, of: 4096 }));
    const records = Array.from({ length: 5 }, (_, r): RunRecord => {
      const points = Array.from({ length: 4000 }, (__, i) => ({ step: i + 1, value: rng.uniform() }));
      return {
        path: `runs/${r}`,
        name: 'n',
        group: `method ${r}`,
        seed: 0,
        terms: { loss: points, data: points, regulariser: points, top1: points },
        measures: {
          test: { top1: points.slice(0, 90), top5: points.slice(0, 90), loss: points.slice(0, 90) },
        },
        kept: points.slice(0, 60),
        phases: Array.from({ length: 60 }, (__, i) => ({
          kind: `k${i % 3}`,
          from: 1 + 60 * i,
          to: 60 + 60 * i,
        })),
        rounds: {
          layers,
          decisions: Array.from({ length: 60 }, (__, i) => ({
            round: i,
            step: i,
            // Down to a tenth in half of the rounds, and then here and there up again.
            kept: layers.map(() => Math.round(4096 * Math.max(0.1, 1 - i / 30 + 0.1 * rng.uniform()))),
          })),
        },
        inside: {
          headline: 'top1',
          proportion: true,
          layers: layers.map(({ layer }) => ({
            layer,
            connections: { kept: rng.integer(4096), of: 4096 },
            units: { kept: rng.integer(64), of: 64 },
          })),
          gates: layers.map(({ layer }) => ({
            layer,
            pre: 64,
            post: 64,
            gates: Float32Array.from({ length: 4096 }, () => rng.uniform() * 2),
          })),
          alive: 5e5,
          parameters: 1e6 * (r + 1),
          macs: 1e8,
          milliseconds: 3,
        },
        facts: [['machine', 'm']],
        recipe: JSON.stringify({ a: 'x'.repeat(4000) }, null, 2),
        command: 'manet train --recipe recipe.json',
        samples: 10_000,
        notes: [],
      };
    });
    expect(reportPage(records, options).length).toBeLessThan(2_000_000);
  });
});

test('htmlPage allows the scripts of one nonce, and no others', () => {
  expect(htmlPage('<t>', ['<p>x</p>'], 'abc')).toContain("script-src 'nonce-abc'");
  expect(htmlPage('<t>', [])).not.toContain('script-src');
  expect(htmlPage('<t>', [])).toContain('<title>&lt;t&gt;</title>');
});
