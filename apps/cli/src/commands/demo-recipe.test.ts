// The demo of a task, small: trained plain and as an MA-Net, measured, and shown.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { manet, newFolder } from '../../test/manet.ts';

const folder = newFolder();
/** Few scenes, and networks of few channels. */
const FEW = ['data.train=16', 'data.test=5', 'batchSize=4', 'epochs=3', 'evaluateEvery=3'];
const NARROW = ['network.body.width=4', 'network.width=8'];
const ONE = 'network.convolutions=1';
/** What makes each recipe small, whether its objects have masks, and the side of a picture: a multiple of the scenes'. */
const TASKS = [
  { recipe: 'scenes-rcnn', changes: NARROW, masks: false, side: 4 * 96 },
  { recipe: 'scenes-fcos', changes: [...NARROW, ONE], masks: false, side: 4 * 96 },
  {
    recipe: 'scenes-condinst',
    changes: [...NARROW, ONE, 'network.maskWidth=8', 'task.instances=36'],
    masks: true,
    side: 4 * 96,
  },
  {
    recipe: 'scenes-boxinst',
    changes: [...NARROW, ONE, 'network.maskWidth=8'],
    masks: true,
    side: 4 * 96,
  },
  {
    recipe: 'scenes-detr',
    changes: ['network.body.width=4', 'network.width=16', 'network.feedForward=16'],
    masks: false,
    side: 5 * 64,
  },
];

test.each(TASKS)(
  '$recipe: a table, and a page of what it sees',
  async ({ recipe, changes, masks, side }) => {
    const set = [...FEW, ...changes].flatMap((change) => ['--set', change]);
    const args = ['demo', '--recipe', recipe, ...set, '--backend', 'onnx', '--threads', '1'];
    const { code, stdout, stderr } = await manet(args, folder);
    expect([code, stderr]).toEqual([0, '']);
    // Names of measures, then a row for each of both.
    expect(stdout).toMatch(/\n +AP +AP50 .*parameters +MACs +per image\n/);
    expect(/\bmaskAP\b/.test(stdout)).toBe(masks);
    const rows = stdout.match(/^ {2}(plain|MA-Net) .*µs$/gm) ?? [];
    expect(rows.map((row) => row.trim().split(' ')[0])).toEqual(['plain', 'MA-Net']);
    const out = /What they see is in (\S+)[/\\]pictures\.svg and pictures\.png/.exec(stdout)![1]!;
    const svg = readFileSync(join(folder, out, 'pictures.svg'), 'utf8');
    for (const title of ['truth', 'plain', 'MA-Net', 'MA-Net, compacted'])
      expect(svg).toContain(`font-weight="600">${title}<`);
    // Four scenes by four columns; masks are pictures of their own, and the truth has them.
    expect(svg.match(/<svg x=/g)).toHaveLength(16);
    expect(svg.match(/<image /g)!.length).toBeGreaterThanOrEqual(masks ? 20 : 16);
    const { width, height } = await sharp(join(folder, out, 'pictures.png')).metadata();
    expect([width, height]).toEqual([4 * side + 3 * 12, 28 + 4 * side + 3 * 12]);

    // The network that it names next is there.
    const next = /next: (?:npx )?manet eval (\S+) --classes/.exec(stdout)![1]!;
    const measured = await manet(['eval', next, '--classes', '--backend', 'onnx', '--threads', '1'], folder);
    expect([measured.code, measured.stderr]).toEqual([0, '']);
    expect(measured.stdout).toMatch(/5 test samples\n {2}AP /);
  },
  600_000,
);
