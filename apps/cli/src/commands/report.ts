import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Written } from '@ma-net/export/node';
import { makeFolder, writeFileAtomic } from '@ma-net/core/node';
import { type Figure, reportFigures, reportPage, standalone } from '@ma-net/report';
import { readRuns } from '@ma-net/report/node';
import sharp from 'sharp';
import { start } from '../backends.ts';
import { installed } from '../installed.ts';
import { refuseOut } from '../out-path.ts';
import { count } from '../quantities.ts';
import { createScreen, warn } from '../screen.ts';
import { ownVersion } from '../version.ts';

export interface ReportArguments {
  readonly out: string;
  readonly svg?: boolean;
  readonly png?: boolean;
  /** Whether to measure how long the networks take. */
  readonly time: boolean;
  readonly force?: boolean;
  readonly backend: string;
  readonly threads?: number;
}

/** `manet report`: what runs did, as one page that needs nothing else. */
export async function report(paths: readonly string[], args: ReportArguments): Promise<void> {
  const screen = createScreen();
  const { out, force = false } = args;
  const folder = `${out.replace(/\.html?$/i, '')}-figures`;
  const asFiles = args.svg === true || args.png === true;
  refuseOut(out, pages, { force });
  if (asFiles) refuseOut(folder, figureFolders, { force });
  const backend = await start(args.backend, args);
  const runs = await readRuns(paths, { installed: installed(), time: args.time, tell: warn });
  for (const { path, notes } of runs) for (const note of notes) warn(`${path}: ${note}`);
  const names = [...new Set(runs.map(({ name }) => name))];
  const groups = [...new Set(runs.map(({ group }) => group))];
  const page = reportPage(runs, {
    title: names.length === 1 ? `${names[0]!}: ${groups.join(', ')}` : groups.join('; '),
    made: `Made by manet ${ownVersion()}, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC.`,
    ...(args.time ? { device: `${backend.name}, ${backend.device}` } : {}),
  });
  await writeFileAtomic(out, page);
  screen.line(`Wrote ${out}: ${runs.length} runs, ${count(Buffer.byteLength(page))} bytes.`);
  if (!asFiles) return;
  const figures = reportFigures(runs);
  await makeFolder(folder);
  for (const figure of figures) await writeFigure(folder, figure, args);
  screen.line(`Wrote ${figures.length} figures to ${folder}.`);
}

async function writeFigure(folder: string, { id, svg }: Figure, args: ReportArguments): Promise<void> {
  if (args.svg === true) await writeFileAtomic(join(folder, `${id}.svg`), standalone(svg));
  if (args.png !== true) return;
  // Twice as many pixels as the figure has units, of which an inch has 72.
  const png = await sharp(Buffer.from(standalone(svg, 'light')), { density: 144 })
    .png()
    .toBuffer();
  await writeFileAtomic(join(folder, `${id}.png`), png);
}

/** Pages of this command, as they are known again. */
const pages: Written = {
  wrote: (path) => readFileSync(path, 'latin1').startsWith('<!doctype html>\n<!-- Written by MA-Net. -->'),
};

const figureFolders: Written = {
  folder: true,
  wrote: (path) =>
    readdirSync(path).every((name) =>
      /^(kept|layers|methods|(measure|term|rounds|channels|gates|map)-[\w-]+)\.(svg|png)$/.test(
        basename(name),
      ),
    ),
};
