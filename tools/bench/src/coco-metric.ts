// COCO's numbers of 5,000 images here and by pycocotools, in turn: node tools/bench/run.mjs coco-metric --python <interpreter
// with pycocotools> [--images 5000] [--rounds 3]. Images are as many and as full as those of val2017: seven objects of three
// classes, some 35 detections, equal scores among them, a crowd here and there. Ours is timed from parsed JSON on; theirs
// without loading, indexing and copying, which their readers do before.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Rng } from '@ma-net/core';
import {
  type BoxXywh,
  type CocoDetection,
  type CocoMeasure,
  type CocoObject,
  type CocoResultEntry,
  countsFrom,
  countsToText,
  evaluateCoco,
  maskArea,
  maskBox,
  type Rle,
} from '@ma-net/metrics';

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    images: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string', default: 'python3' },
  },
});
const [imageCount, rounds] = [Number(values.images), Number(values.rounds)];

/** What is compared: 1e-9 of a number between 0 and 1. */
const TOLERANCE = 1e-9;
const SIZE = [480, 640] as const;
/** Eighty classes, with gaps between their ids as COCO's have. */
const CATEGORIES = Array.from({ length: 90 }, (_, i) => i + 1).filter((id) => id % 9 !== 3);

interface Annotation extends Omit<CocoResultEntry, 'score'> {
  readonly id: number;
  readonly area: number;
  readonly iscrowd: 0 | 1;
}

/** A blob in a box: an ellipse whose outline wavers. */
function blob(rng: Rng, [left, top, width, height]: BoxXywh): Rle {
  const [rows, columns] = SIZE;
  const counts: number[] = [];
  const phase = rng.uniform() * 6;
  let at = 0;
  for (let x = Math.max(0, Math.round(left)); x < Math.min(columns, Math.round(left + width)); x++) {
    const along = (2 * (x + 0.5 - left)) / width - 1;
    const half =
      0.5 * height * Math.sqrt(Math.max(0, 1 - along * along)) * (0.85 + 0.15 * Math.sin(0.3 * x + phase));
    const [from, to] = [-half, half].map((d) =>
      Math.min(rows, Math.max(0, Math.round(top + height / 2 + d))),
    ) as [number, number];
    if (to <= from) continue;
    const start = x * rows + from;
    if (counts.length > 0 && start === at) counts[counts.length - 1]! += to - from;
    else counts.push(start - at, to - from);
    at = x * rows + to;
  }
  return { size: SIZE, counts: Uint32Array.from([...counts, rows * columns - at]) };
}

function entryOf(image: number, category: number, mask: Rle) {
  return {
    image_id: image,
    category_id: category,
    bbox: maskBox(mask),
    segmentation: { size: mask.size, counts: countsToText(mask.counts) },
  };
}

/** The ground truth and the detections of all images. */
function compose(rng: Rng): { annotations: Annotation[]; results: CocoResultEntry[] } {
  const annotations: Annotation[] = [];
  const results: CocoResultEntry[] = [];
  const side = (most: number): number => Math.min(most, Math.exp(rng.uniform() * 3.9 + 2.1));
  const place = (): BoxXywh => {
    const [height, width] = [side(SIZE[0]), side(SIZE[1])];
    return [rng.uniform() * (SIZE[1] - width), rng.uniform() * (SIZE[0] - height), width, height];
  };
  // Few classes are of most objects.
  const category = (): number => CATEGORIES[Math.floor(CATEGORIES.length * rng.uniform() ** 2)]!;
  const near = ([x, y, w, h]: BoxXywh, by: number): BoxXywh => {
    const moved = (value: number, of: number): number => value + by * of * (rng.uniform() - 0.5);
    return [moved(x, w), moved(y, h), Math.max(2, moved(w, w)), Math.max(2, moved(h, h))];
  };
  const find = (image: number, of: number, box: BoxXywh, most: number): void => {
    const mask = blob(rng, box);
    // Three digits: scores are often equal.
    const score = Math.round(1000 * most * rng.uniform()) / 1000;
    if (maskArea(mask) > 0) results.push({ ...entryOf(image, of, mask), score });
  };
  for (let image = 1; image <= imageCount; image++) {
    const own = Array.from({ length: 1 + rng.integer(5) }, category);
    for (let n = rng.integer(15); n > 0; n--) {
      const [of, box] = [own[rng.integer(own.length)]!, place()];
      const mask = blob(rng, box);
      if (maskArea(mask) === 0) continue;
      const iscrowd = rng.integer(80) === 0 ? 1 : 0;
      annotations.push({
        ...entryOf(image, of, mask),
        id: annotations.length + 1,
        area: maskArea(mask),
        iscrowd,
      });
      for (let again = rng.integer(4); again > 0; again--) find(image, of, near(box, 0.4), 1);
    }
    for (let n = rng.integer(50); n > 0; n--)
      find(image, rng.integer(2) === 0 ? own[0]! : category(), place(), 0.4);
  }
  return { annotations, results };
}

const { annotations, results } = compose(Rng.fromSeed(0));
const images = Array.from({ length: imageCount }, (_, i) => i + 1);
console.log(`${imageCount} images, ${annotations.length} objects, ${results.length} detections`);

type Kind = 'bbox' | 'segm';

/** The twelve numbers, and milliseconds of a processor: other programs change those of a clock more. */
interface Measured {
  readonly numbers: readonly number[];
  readonly milliseconds: number;
}

const ORDER: readonly CocoMeasure[] = [
  'AP',
  'AP50',
  'AP75',
  'APs',
  'APm',
  'APl',
  'AR1',
  'AR10',
  'AR100',
  'ARs',
  'ARm',
  'ARl',
];

function ours(kind: Kind): Measured {
  const started = process.cpuUsage();
  const maskOf = ({ segmentation }: Annotation | CocoResultEntry): { mask?: Rle } => {
    if (kind === 'bbox') return {};
    const { size, counts } = segmentation!;
    return { mask: { size, counts: countsFrom(counts, size, 'bench') } };
  };
  const truths = annotations.map(
    (entry): CocoObject => ({
      image: entry.image_id,
      category: entry.category_id,
      box: entry.bbox,
      area: entry.area,
      crowd: entry.iscrowd === 1,
      ...maskOf(entry),
    }),
  );
  const found = results.map(
    (entry): CocoDetection => ({
      image: entry.image_id,
      category: entry.category_id,
      score: entry.score,
      box: entry.bbox,
      ...maskOf(entry),
    }),
  );
  const of = kind === 'bbox' ? 'boxes' : 'masks';
  const { all } = evaluateCoco(truths, found, { of, images, categories: CATEGORIES });
  const { user, system } = process.cpuUsage(started);
  return { numbers: ORDER.map((name) => all[name] ?? -1), milliseconds: (user + system) / 1000 };
}

/** A process with pycocotools that measures once for every line it is sent. */
function pycocotools(folder: string): { measure: (kind: Kind) => Promise<Measured>; stop: () => void } {
  const script = fileURLToPath(new URL('../../../tools/bench/coco_metric.py', import.meta.url));
  const [truth, found] = [join(folder, 'truth.json'), join(folder, 'found.json')];
  const [height, width] = SIZE;
  const all = {
    images: images.map((id) => ({ id, file_name: `${id}.jpg`, height, width })),
    categories: CATEGORIES.map((id) => ({ id, name: `class ${id}` })),
    annotations,
  };
  writeFileSync(truth, JSON.stringify(all));
  writeFileSync(found, JSON.stringify(results));
  const child: ChildProcessWithoutNullStreams = spawn(values.python, [script, truth, found]);
  child.stderr.pipe(process.stderr);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async measure(kind) {
      child.stdin.write(`${kind}\n`);
      const { value } = await lines.next();
      if (value === undefined) throw new Error(`${values.python} has no pycocotools, or it failed.`);
      return JSON.parse(value as string) as Measured;
    },
    stop: () => child.kill(),
  };
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1]!;
const folder = mkdtempSync(join(tmpdir(), 'ma-net-coco-metric-'));
try {
  const theirs = pycocotools(folder);
  for (const kind of ['bbox', 'segm'] as const) {
    const times: [number, number][] = [];
    let most = 0;
    for (let round = 0; round < rounds; round++) {
      const [mine, other] = [ours(kind), await theirs.measure(kind)];
      times.push([mine.milliseconds, other.milliseconds]);
      mine.numbers.forEach((value, n) => (most = Math.max(most, Math.abs(value - other.numbers[n]!))));
      if (round === 0) console.log(`${kind}: ${mine.numbers.map((value) => value.toFixed(4)).join(' ')}`);
    }
    if (!(most <= TOLERANCE)) throw new Error(`The numbers of ${kind} differ by up to ${most}.`);
    const [mine, other] = [0, 1].map((k) => median(times.map((pair) => pair[k]!))) as [number, number];
    console.log(
      `${kind}: ${mine.toFixed(0)} ms, pycocotools ${other.toFixed(0)} ms, ratio ${(other / mine).toFixed(1)}; numbers differ by at most ${most.toExponential(1)}`,
    );
  }
  theirs.stop();
} finally {
  rmSync(folder, { recursive: true });
}
