import { basename, extname, join } from 'node:path';
import { type DataFacts, MaNetError, type Shown } from '@ma-net/core';
import { makeFolder, writeFileAtomic } from '@ma-net/core/node';
import { decodePhoto } from '@ma-net/data/node';
import { countsToText, resultEntry } from '@ma-net/metrics';
import { openPredictor } from '@ma-net/run/node';
import { askPhotos } from '../ask-photos.ts';
import { captioned } from '../captioned.ts';
import { start } from '../backends.ts';
import { installed } from '../installed.ts';
import { objectsPicture, pictureFiles, pngOf } from '../object-pictures.ts';
import { refuseOut } from '../out-path.ts';
import { bytesOf, hrefOfPhoto, photosAt } from '../photo-files.ts';
import { percent } from '../quantities.ts';
import { createScreen, type Screen, warn } from '../screen.ts';

export interface PredictArguments {
  readonly top: number;
  /** Scores below this are not printed and not drawn. */
  readonly least: number;
  readonly json?: boolean;
  readonly pictures?: string;
  /** Whether pictures are PNG files too. */
  readonly png?: boolean;
  /** Where the detections go as a results file of COCO, whatever their scores. */
  readonly results?: string;
  /** Whether the best checkpoint of a run is meant, and not the last. */
  readonly best?: boolean;
  readonly force?: boolean;
  readonly backend: string;
  readonly threads?: number;
}

/** Images that are handed over at once. */
const BATCH = 16;

/** `manet predict`: what a network, alone, says of photographs. */
export async function predict(
  path: string,
  photos: readonly string[],
  args: PredictArguments,
): Promise<void> {
  const screen = createScreen();
  const files = photos.flatMap(photosAt);
  if (args.pictures !== undefined) await makeFolder(args.pictures);
  const pictures = picturesOf(files, args);
  if (args.results !== undefined) refuseOut(args.results, resultsFiles, { force: args.force ?? false });
  await start(args.backend, args);
  const predictor = await openPredictor(path, installed(), warn, { best: args.best ?? false });
  const { facts } = predictor;
  const found: Record<string, unknown>[] = [];
  const results: unknown[] = [];
  for (let from = 0; from < files.length; from += BATCH) {
    const batch = files.slice(from, from + BATCH);
    const opened = await Promise.all(batch.map((file) => decodePhoto(bytesOf(file), file)));
    for (const [i, shown] of (await askPhotos(predictor, opened)).entries()) {
      const file = batch[i]!;
      const said = named(shown, facts, args);
      found.push({ file, ...inJson(said) });
      results.push(...resultsOf(shown, facts, file, from + i + 1));
      if (args.json !== true) tell(file, said, screen);
      const picture = pictures.get(file);
      if (picture !== undefined) await draw(picture, file, said, args.png ?? false);
    }
  }
  predictor.close();
  if (args.results !== undefined) await writeFileAtomic(args.results, `${JSON.stringify(results)}\n`);
  if (args.json === true) screen.line(JSON.stringify(found, null, 2));
}

/** What is said of a photo, with the names of classes. */
type Named = ReturnType<typeof named>;

function named(
  { classes, exits, objects }: Shown,
  { classNames }: DataFacts,
  { top, least }: Pick<PredictArguments, 'top' | 'least'>,
) {
  if (classes !== undefined && classes.length !== classNames.length) {
    throw new MaNetError(
      'network-mismatch',
      `The network tells ${classes.length} classes apart, and ${classNames.length} have names.`,
      { hint: 'use the names of the data that the network was trained on.' },
    );
  }
  return {
    classes: classes
      ?.slice(0, top)
      .map(({ label, probability }) => ({ name: classNames[label]!, probability })),
    exits: exits?.map(({ label, probability }) => ({ name: classNames[label]!, probability })),
    objects: objects
      ?.filter(({ score }) => score >= least)
      .map((object) => ({ name: classNames[object.label]!, ...object })),
  };
}

function inJson({ classes, exits, objects }: Named): Record<string, unknown> {
  const written = objects?.map(({ name, score, box, mask }) => ({
    name,
    score,
    box,
    ...(mask === undefined ? {} : { mask: { size: mask.size, counts: countsToText(mask.counts) } }),
  }));
  return {
    ...(classes === undefined ? {} : { classes }),
    ...(exits === undefined ? {} : { exits }),
    ...(written === undefined ? {} : { objects: written }),
  };
}

function tell(file: string, { classes = [], exits = [], objects }: Named, screen: Screen): void {
  screen.line(file);
  for (const { name, probability } of classes) screen.line(`  ${percent(probability).padStart(8)}  ${name}`);
  for (const [e, { name, probability }] of exits.entries())
    screen.line(`  ${percent(probability).padStart(8)}  ${name}  at exit ${e + 1}`);
  if (objects?.length === 0) screen.line('            nothing');
  for (const { name, score, box } of objects ?? [])
    screen.line(`  ${percent(score).padStart(8)}  ${name}  ${box.map((side) => side.toFixed(0)).join(' ')}`);
}

async function draw(
  out: string,
  file: string,
  { classes = [], objects }: Named,
  png: boolean,
): Promise<void> {
  const bytes = bytesOf(file);
  const { height, width } = await decodePhoto(bytes, file);
  const svg =
    objects === undefined
      ? await captioned(bytes, file, classes)
      : await objectsPicture([[{ href: hrefOfPhoto(bytes), height, width, objects }]]);
  await writeFileAtomic(out, svg);
  if (png) await writeFileAtomic(asPng(out), await pngOf(svg));
}

/** Files are numbered as COCO's are, by their names, or as they are handed over. */
function resultsOf({ objects = [] }: Shown, facts: DataFacts, file: string, place: number): unknown[] {
  const stem = basename(file, extname(file));
  const image = /^\d{1,15}$/.test(stem) ? Number(stem) : place;
  return objects.map(({ label, ...object }) =>
    resultEntry({ ...object, image, category: facts.classIds?.[label] ?? label + 1 }),
  );
}

/** What such a file begins with. */
const resultsFiles = {
  wrote: (path: string): boolean =>
    /^\[(\{"image_id":|\]\s*$)/.test(Buffer.from(bytesOf(path).subarray(0, 64)).toString('latin1')),
};

/** Where the annotated picture of each photo goes. */
function picturesOf(
  files: readonly string[],
  { pictures, png = false, force = false }: PredictArguments,
): ReadonlyMap<string, string> {
  if (pictures === undefined) return new Map();
  const outs = new Map(files.map((file) => [file, join(pictures, `${basename(file, extname(file))}.svg`)]));
  if (new Set(outs.values()).size < outs.size) {
    throw new MaNetError('bad-argument', 'Two photos have the same name, and so would their pictures.', {
      where: pictures,
      hint: 'predict them one after the other, into different folders.',
    });
  }
  for (const out of outs.values())
    for (const each of png ? [out, asPng(out)] : [out]) refuseOut(each, pictureFiles, { force });
  return outs;
}

const asPng = (svg: string): string => svg.replace(/\.svg$/, '.png');
