import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { fileError, makeFolder, writeFileAtomic } from '@ma-net/core/node';
import { pictureInput } from '@ma-net/data';
import { decodePhoto } from '@ma-net/data/node';
import type { OpenFile } from '@ma-net/export/node';
import { openPredictor } from '@ma-net/run/node';
import { type RankedClass, topClasses } from '@ma-net/task-classification';
import { captioned, captionedFiles } from '../captioned.ts';
import { start } from '../backends.ts';
import { installed } from '../installed.ts';
import { refuseOut } from '../out-path.ts';
import { percent } from '../quantities.ts';
import { createScreen, warn } from '../screen.ts';

export interface PredictArguments {
  readonly top: number;
  readonly json?: boolean;
  readonly pictures?: string;
  /** Whether the best checkpoint of a run is meant, and not the last. */
  readonly best?: boolean;
  readonly force?: boolean;
  readonly backend: string;
  readonly threads?: number;
}

/** Images that are handed over at once. */
const BATCH = 16;

const IMAGES: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png', '.webp']);

/** `manet predict`: what a network, alone, says of photographs. */
export async function predict(
  path: string,
  photos: readonly string[],
  args: PredictArguments,
): Promise<void> {
  const screen = createScreen();
  const files = photos.flatMap(filesOf);
  if (args.pictures !== undefined) await makeFolder(args.pictures);
  const pictures = picturesOf(files, args);
  await start(args.backend, args);
  const predictor = await openPredictor(path, installed(), warn, { best: args.best ?? false });
  const found: { readonly file: string; readonly classes: readonly RankedClass[] }[] = [];
  for (let from = 0; from < files.length; from += BATCH) {
    const batch = files.slice(from, from + BATCH);
    for (const [i, classes] of (await classesOf(predictor, batch, args.top)).entries()) {
      const file = batch[i]!;
      found.push({ file, classes });
      if (args.json !== true) {
        screen.line(file);
        for (const { name, probability } of classes)
          screen.line(`  ${percent(probability).padStart(8)}  ${name}`);
      }
      const picture = pictures.get(file);
      if (picture !== undefined)
        await writeFileAtomic(picture, await captioned(readFileSync(file), file, classes));
    }
  }
  predictor.close();
  if (args.json === true) screen.line(JSON.stringify(found, null, 2));
}

async function classesOf(
  { facts, takesPixels, run }: OpenFile,
  files: readonly string[],
  top: number,
): Promise<readonly (readonly RankedClass[])[]> {
  const read = await Promise.all(
    files.map(async (file) =>
      pictureInput(await decodePhoto(bytesOf(file), file), facts, { pixels: takesPixels }),
    ),
  );
  const shape = facts.shapes['images']!;
  const data = new Float32Array(read.reduce((sum, one) => sum + one.data.length, 0));
  read.forEach((one, i) => data.set(one.data, i * one.data.length));
  const { logits } = await run({ images: { dtype: 'float32', shape: [files.length, ...shape], data } });
  if (logits === undefined || logits.shape.length !== 2) {
    throw new MaNetError('bad-argument', 'The network gives no logits of classes.', {
      where: 'logits',
      hint: 'pass a network that was trained to classify.',
    });
  }
  const classes = logits.shape[1]!;
  return files.map((_, i) =>
    topClasses(logits.data.slice(i * classes, (i + 1) * classes), facts.classNames, top),
  );
}

/** A photo, or all of a folder in the order of their names. */
function filesOf(path: string): readonly string[] {
  if (!existsSync(path)) {
    throw new MaNetError('not-found', 'There is no such photo.', {
      where: path,
      hint: 'pass JPEG, PNG or WebP files, or a folder of them.',
    });
  }
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => IMAGES.has(extname(name).toLowerCase()));
  if (names.length > 0) return names.sort().map((name) => join(path, name));
  throw new MaNetError('not-found', 'There are no photos in this folder.', {
    where: path,
    hint: 'pass a folder with .jpg, .jpeg, .png or .webp files in it.',
  });
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw fileError(error, file);
  }
}

/** Where the annotated picture of each photo goes. */
function picturesOf(
  files: readonly string[],
  { pictures, force = false }: PredictArguments,
): ReadonlyMap<string, string> {
  if (pictures === undefined) return new Map();
  const named = new Map(files.map((file) => [file, join(pictures, `${basename(file, extname(file))}.svg`)]));
  if (new Set(named.values()).size < named.size) {
    throw new MaNetError('bad-argument', 'Two photos have the same name, and so would their pictures.', {
      where: pictures,
      hint: 'predict them one after the other, into different folders.',
    });
  }
  for (const out of named.values()) refuseOut(out, captionedFiles, { force });
  return named;
}
