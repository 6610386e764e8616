import { join } from 'node:path';
import { type Batch, type DataFacts, type HostBatch, type HostTensor, readParams } from '@ma-net/core';
import { writeFileAtomic } from '@ma-net/core/node';
import { unpackTruths } from '@ma-net/metrics';
import { NEURON_LEVEL } from '@ma-net/mnet';
import type { Recipe } from '@ma-net/run';
import { compare, openPredictor, openRunData, type RunResult } from '@ma-net/run/node';
import * as tf from '@tensorflow/tfjs-core';
import { askBatch } from '../ask-photos.ts';
import { start } from '../backends.ts';
import { manet } from '../command-name.ts';
import { interruptible } from '../interrupt.ts';
import { hrefOf, namedObjects, objectsPicture, type Panel, pngOf } from '../object-pictures.ts';
import { changed, count, duration, percent } from '../quantities.ts';
import { type RecipeArguments, resolveRecipe } from '../recipe-argument.ts';
import { EXIT } from '../report-error.ts';
import { freeFolder, plainName } from '../run-path.ts';
import { createScreen, type Screen, warn } from '../screen.ts';
import { table } from '../table.ts';
import { describeRun, showing } from '../training.ts';

export interface DemoRecipeArguments extends RecipeArguments {
  readonly seed: number;
  readonly backend: string;
  readonly threads?: number;
}

/** What is trained, and how the table calls it. */
const METHODS = { plain: 'plain', 'ma-net': 'MA-Net' } as const;
type Trained = keyof typeof METHODS;

/** Test images on the page, and the least score of what is drawn. */
const SHOWN = 4;
const LEAST = 0.3;

/**
 * `manet demo --recipe <name>`: the recipe plain and as an MA-Net at neuron level, half of its parameters; what they
 * measure; and, where the task sees objects, a page of pictures: the truth, both networks, and what is left of the second.
 */
export async function demoRecipe({
  seed,
  backend: wanted,
  threads,
  ...args
}: DemoRecipeArguments): Promise<number> {
  const screen = createScreen();
  const started = performance.now();
  const { recipe, installed } = await resolveRecipe(args);
  const backend = await start(wanted, { threads });
  const out = freeFolder(`runs/demo-${plainName(recipe.name, 'recipe')}-s${seed}`);
  screen.line(`${backend.name}: ${backend.device}`);
  const { results, complete } = await interruptible(
    () => screen.line('  stopping after this mini-batch; press Ctrl-C again to stop at once'),
    (signal) =>
      compare(
        { recipe, seeds: [seed], methods: Object.keys(METHODS), rule: NEURON_LEVEL },
        {
          out,
          installed,
          backend,
          signal,
          tell: warn,
          async watch({ method, path }, open, state) {
            screen.line();
            screen.heading(`${METHODS[method as Trained]} (${path}): ${describeRun(open)}`);
            return showing(open, state, screen);
          },
        },
      ),
  );
  if (!complete) {
    screen.line(`\nStopped; what is trained is in ${out}.`);
    return EXIT.interrupted;
  }
  screen.line();
  tell(results, screen);
  const networks = {
    plain: join(out, `plain-s${seed}`),
    'MA-Net': join(out, `ma-net-s${seed}`),
    'MA-Net, compacted': join(out, `ma-net-s${seed}.safetensors`),
  };
  const page = await pictures(recipe, installed, networks);
  screen.line();
  if (page !== undefined) {
    await writeFileAtomic(join(out, 'pictures.svg'), page);
    await writeFileAtomic(join(out, 'pictures.png'), await pngOf(page));
    screen.line(`What they see is in ${join(out, 'pictures.svg')} and pictures.png.`);
  }
  screen.line(
    `Everything took ${duration((performance.now() - started) / 1000)}. The networks are in ${out}.`,
  );
  screen.line(`  next: ${manet()} eval ${networks['MA-Net, compacted']} --classes`);
  return 0;
}

function tell(results: readonly RunResult[], screen: Screen): void {
  const [first] = results;
  const measures = Object.keys(first!.test);
  const head = ['', ...measures, 'parameters', 'MACs', 'per image'];
  const rows = results.map(({ method, test, parameters, macs, milliseconds }) => [
    METHODS[method as Trained],
    ...measures.map((name) => (test[name] === undefined ? '' : percent(test[name], 1))),
    changed(parameters, first!.parameters),
    changed(macs, first!.macs),
    `${count(1000 * milliseconds.compacted)} µs`,
  ]);
  for (const line of table(head, rows, screen.width)) screen.line(line);
}

/** The first test images as every network sees them; undefined where the task sees no objects. */
async function pictures(
  recipe: Recipe,
  installed: Parameters<typeof openRunData>[1],
  networks: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const { data, source } = await openRunData(recipe, installed);
  const batch = await firstBatch(data.testBatches(Math.min(SHOWN, data.test.samples)));
  await source.close();
  if (!('truthImages_T' in batch)) return undefined;
  const { classNames } = data.facts;
  const truths = unpackTruths(batch);
  const images = await imagesOf(batch, data.facts);
  const columns: Panel['objects'][][] = [
    images.map(({ index }) =>
      truths
        .filter(({ image, crowd }) => image === index && !crowd)
        .map(({ category: label, box: [x, y, w, h], mask }) => ({
          name: classNames[label]!,
          label,
          box: [x, y, x + w, y + h] as const,
          ...(mask === undefined ? {} : { mask }),
        })),
    ),
  ];
  for (const path of Object.values(networks)) {
    const predictor = await openPredictor(path, installed, warn);
    const shown = await askBatch(predictor, batch);
    predictor.close();
    if (shown.some(({ objects }) => objects === undefined)) return undefined;
    columns.push(images.map(({ b }) => namedObjects(shown[b]!.objects!, classNames, LEAST)));
  }
  return objectsPicture(
    images.map(({ href, height, width }, i) =>
      columns.map((column): Panel => ({ href, height, width, objects: column[i]! })),
    ),
    ['truth', ...Object.keys(networks)],
  );
}

/** The first of them; the others are not made. */
async function firstBatch(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<HostBatch> {
  const all = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  const { value } = (await all.next()) as IteratorYieldResult<Batch>;
  await all.return?.();
  const host = await readParams(value);
  tf.dispose(value as tf.TensorContainer);
  return host;
}

interface Seen extends Pick<Panel, 'href' | 'height' | 'width'> {
  /** Its place in the batch, and in the data set. */
  readonly b: number;
  readonly index: number;
}

/** The images of a batch as pictures, of the size that they have themselves. */
async function imagesOf(batch: HostBatch, { input }: DataFacts): Promise<readonly Seen[]> {
  const [images, sizes] = [batch['images_BHWC']!, batch['sizes_B2']!.data];
  const originals = batch['originals_B2']!.data;
  return Promise.all(
    [...batch['indices_B']!.data].flatMap((index, b) => {
      if (index < 0) return [];
      const [h, w] = [sizes[2 * b]!, sizes[2 * b + 1]!];
      const pixels = pixelsOf(images, b, [h, w], input);
      const [height, width] = [originals[2 * b]!, originals[2 * b + 1]!];
      return [hrefOf(pixels, h, w).then((href): Seen => ({ href, height, width, b, index }))];
    }),
  );
}

/** Pixels [h, w, RGB] of an image of the batch, as they were before they were normalised. */
function pixelsOf(
  { shape, data }: HostTensor,
  b: number,
  [h, w]: readonly [number, number],
  { mean, std, white, whole }: DataFacts['input'],
): Uint8Array {
  const [, height, width] = shape as [number, number, number];
  const pixels = new Uint8Array(h * w * 3);
  for (let c = 0; c < 3; c++) {
    const to = whole?.channels === 'BGR' ? 2 - c : c;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const value = data[((b * height + y) * width + x) * 3 + c]!;
        pixels[3 * (y * w + x) + to] = Math.round(
          Math.min(255, Math.max(0, (value * std[c]! + mean[c]!) * white)),
        );
      }
    }
  }
  return pixels;
}
