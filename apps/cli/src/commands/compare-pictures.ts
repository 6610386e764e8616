import { extname } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { writeFileAtomic } from '@ma-net/core/node';
import { decodePhoto } from '@ma-net/data/node';
import { openPredictor } from '@ma-net/run/node';
import { askPhotos } from '../ask-photos.ts';
import { start } from '../backends.ts';
import { installed } from '../installed.ts';
import { namedObjects, objectsPicture, type Panel, pictureFiles, pngOf } from '../object-pictures.ts';
import { refuseOut } from '../out-path.ts';
import { bytesOf, hrefOfPhoto, isPhotos, photosAt } from '../photo-files.ts';
import { count } from '../quantities.ts';
import { createScreen, warn } from '../screen.ts';

export interface ComparePicturesArguments {
  /** Objects of a lower score are not drawn. */
  readonly least: number;
  /** The picture; a PNG of it goes beside it. */
  readonly out?: string;
  readonly force?: boolean;
  readonly backend: string;
  readonly threads?: number;
}

/** `manet compare <run> <run> photo.jpg`: what networks see in the same photographs, side by side. */
export async function comparePictures(
  paths: readonly string[],
  { least, out = 'compare.svg', force = false, backend, threads }: ComparePicturesArguments,
): Promise<void> {
  const networks = paths.filter((path) => !isPhotos(path));
  const files = paths.filter((path) => isPhotos(path)).flatMap(photosAt);
  if (networks.length < 2 || files.length === 0) {
    throw new MaNetError(
      'bad-argument',
      `Found ${count(networks.length)} networks and ${count(files.length)} photos; expected two networks or more, and a photo.`,
      {
        where: 'compare',
        hint: 'pass runs or files of networks, then photos: manet compare <run> <run> street.jpg.',
      },
    );
  }
  if (extname(out) !== '.svg') {
    throw new MaNetError('bad-argument', 'The picture is an SVG, with a PNG beside it.', {
      where: out,
      hint: 'name it .svg.',
    });
  }
  const png = out.replace(/\.svg$/, '.png');
  for (const file of [out, png]) refuseOut(file, pictureFiles, { force });
  await start(backend, { threads });
  const photos = await Promise.all(files.map((file) => decodePhoto(bytesOf(file), file)));
  const columns: (readonly Panel[])[] = [];
  for (const path of networks) {
    const predictor = await openPredictor(path, installed(), warn);
    const { classNames } = predictor.facts;
    const seen = await askPhotos(predictor, photos);
    predictor.close();
    columns.push(
      seen.map(({ objects }, i): Panel => {
        if (objects === undefined) throw noObjects(path);
        const { height, width } = photos[i]!;
        const href = hrefOfPhoto(bytesOf(files[i]!));
        return { href, height, width, objects: namedObjects(objects, classNames, least) };
      }),
    );
  }
  const svg = await objectsPicture(
    files.map((_, i) => columns.map((column) => column[i]!)),
    networks,
  );
  await writeFileAtomic(out, svg);
  await writeFileAtomic(png, await pngOf(svg));
  createScreen().line(`Wrote ${out} and ${png}.`);
}

function noObjects(path: string): MaNetError {
  return new MaNetError('bad-argument', 'The network sees no objects: it tells what a whole image is.', {
    where: path,
    hint: 'use "manet predict" for it, or pass networks that were trained to detect.',
  });
}
