// The demo of a task, small: trained plain and as an MA-Net, measured, and shown.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { manet, newFolder } from '../../test/manet.ts';

const folder = newFolder();
/** Few scenes, and a network of few channels. */
const SMALL = [
  ...['data.train=16', 'data.test=5', 'batchSize=4', 'epochs=3', 'evaluateEvery=3', 'task.instances=36'],
  ...['network.body.width=4', 'network.width=8', 'network.maskWidth=8', 'network.convolutions=1'],
].flatMap((change) => ['--set', change]);

test('a table of what was trained, and a page of what it sees', async () => {
  const args = ['demo', '--recipe', 'scenes-condinst', ...SMALL, '--backend', 'onnx', '--threads', '1'];
  const { code, stdout, stderr } = await manet(args, folder);
  expect([code, stderr]).toEqual([0, '']);
  // Names of measures, then a row for each of both.
  expect(stdout).toMatch(/\n +AP +AP50 .*maskAP .*parameters +MACs +per image\n/);
  const rows = stdout.match(/^ {2}(plain|MA-Net) .*µs$/gm) ?? [];
  expect(rows.map((row) => row.trim().split(' ')[0])).toEqual(['plain', 'MA-Net']);
  const out = /What they see is in (\S+)[/\\]pictures\.svg and pictures\.png/.exec(stdout)![1]!;
  const svg = readFileSync(join(folder, out, 'pictures.svg'), 'utf8');
  for (const title of ['truth', 'plain', 'MA-Net', 'MA-Net, compacted'])
    expect(svg).toContain(`font-weight="600">${title}<`);
  // Four scenes by four columns; masks are pictures of their own, and the truth has them.
  expect(svg.match(/<svg x=/g)).toHaveLength(16);
  expect(svg.match(/<image /g)!.length).toBeGreaterThanOrEqual(20);
  const { width, height } = await sharp(join(folder, out, 'pictures.png')).metadata();
  expect([width, height]).toEqual([4 * 384 + 3 * 12, 28 + 4 * 384 + 3 * 12]);

  // The network that it names next is there.
  const next = /next: (?:npx )?manet eval (\S+) --classes/.exec(stdout)![1]!;
  const measured = await manet(['eval', next, '--classes', '--backend', 'onnx', '--threads', '1'], folder);
  expect([measured.code, measured.stderr]).toEqual([0, '']);
  expect(measured.stdout).toMatch(/5 test samples\n {2}AP /);
}, 600_000);
