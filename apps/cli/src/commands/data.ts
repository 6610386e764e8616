import { relative } from 'node:path';
import { MaNetError, suggestion } from '@ma-net/core';
import { checkCoco, type CocoReport, findCoco } from '@ma-net/data-coco/node';
import { checkPhotos, downloadDataSet, readPhotos, type SetReport } from '@ma-net/data/node';
import { interruptible } from '../interrupt.ts';
import { count } from '../quantities.ts';
import { createScreen } from '../screen.ts';

export interface DataOptions {
  readonly out: string;
}

const ACTIONS = ['download', 'check'];

/** `manet data download <name>` and `manet data check <folder>`; 1 where an image is broken. */
export async function data(action: string, what: string, { out }: DataOptions): Promise<number> {
  if (action === 'download') return fetchData(what, out);
  if (action === 'check') return checkData(what);
  throw new MaNetError('unknown-name', `There is no "manet data ${action}".`, {
    where: 'data',
    hint: suggestion(action, ACTIONS),
  });
}

async function fetchData(name: string, out: string): Promise<number> {
  const screen = createScreen();
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  const progress = (done: number, total?: number): void =>
    screen.update(`${name}  ${mib(done)}${total === undefined ? '' : ` of ${mib(total)}`} MiB`);
  const folder = await interruptible(
    () => screen.line('Stopping; what is here is kept.'),
    (signal) => downloadDataSet(name, out, { progress, signal }),
  ).finally(() => screen.clear());
  const shown = relative(process.cwd(), folder) || folder;
  screen.line(`${name} is in ${shown}. Train on it with --data ${shown}`);
  return 0;
}

async function checkData(folder: string): Promise<number> {
  const screen = createScreen();
  if (await isCoco(folder)) {
    const reports = await checkCoco(folder, (done, of) =>
      screen.update(`${count(done)} of ${count(of)} images`),
    );
    screen.clear();
    for (const report of reports) for (const line of describedCoco(report)) screen.line(line);
    return reports.some(({ problems }) => problems.length > 0) ? 1 : 0;
  }
  const sets = await readPhotos(folder);
  const reports = await checkPhotos(sets, (done, of) =>
    screen.update(`${count(done)} of ${count(of)} images`),
  );
  screen.clear();
  for (const report of reports) for (const line of described(report, sets.classNames)) screen.line(line);
  return reports.some(({ broken }) => broken.length > 0) ? 1 : 0;
}

/** Whether a folder holds annotations in COCO's layout. */
async function isCoco(folder: string): Promise<boolean> {
  try {
    await findCoco(folder);
    return true;
  } catch (error) {
    // What is missing there is told of photographs, too; but for the images of annotations that are there.
    if (
      error instanceof MaNetError &&
      error.code === 'not-found' &&
      !/folder of the images/.test(error.message)
    )
      return false;
    throw error;
  }
}

/** Problems that are told; of more there is the number. */
const TOLD = 50;

function describedCoco({ file, images, objects, crowds, most, perClass, problems }: CocoReport): string[] {
  const empty = [...perClass].filter(([, n]) => n === 0).map(([name]) => name);
  const rest = problems.length - TOLD;
  return [
    file,
    `  images     ${count(images)}`,
    `  objects    ${count(objects)} in ${count(perClass.size - empty.length)} classes, ${count(crowds)} of them crowds`,
    `  an image   up to ${count(most)}: data.objects must be as much`,
    ...(empty.length === 0 ? [] : [`  unused     ${empty.join(', ')}`]),
    `  problems   ${problems.length === 0 ? 'none' : count(problems.length)}`,
    ...problems.slice(0, TOLD).map(({ where, what }) => `    ${where}: ${what}`),
    ...(rest > 0 ? [`    and ${count(rest)} more`] : []),
  ];
}

function described(
  { name, images, perClass, smallest, largest, broken }: SetReport,
  classNames: readonly string[],
): string[] {
  const fewest = Math.min(...perClass);
  const most = Math.max(...perClass);
  const named = (n: number): string => `${count(n)} (${classNames[perClass.indexOf(n)]})`;
  const usable = broken.length < images;
  return [
    name,
    `  images     ${count(images)} in ${count(perClass.filter((n) => n > 0).length)} classes`,
    `  a class    ${fewest === most ? count(most) : `${named(fewest)} to ${named(most)}`}`,
    ...(usable
      ? [`  sides      ${smallest.join(' x ')} to ${largest.join(' x ')} pixels, height x width`]
      : []),
    `  broken     ${broken.length === 0 ? 'none' : count(broken.length)}`,
    ...broken.map(({ file, reason }) => `    ${file}: ${reason}`),
  ];
}
