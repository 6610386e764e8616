// A screen that is gone ends the printing and nothing else; the built command, in processes of its own.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { manet, newFolder, startManet, TINY } from '../test/manet.ts';

vi.setConfig({ testTimeout: 300_000 });

const folder = newFolder();

/** Node's option for a process whose stdout refuses everything after `lines` writes, as a full disk does. */
function fullAfter(lines: number): string {
  const path = join(folder, `full-${lines}.mjs`);
  writeFileSync(
    path,
    `let written = 0;
     const { stdout } = process;
     const write = stdout._write;
     stdout._writev = null;
     stdout._write = function (chunk, encoding, done) {
       if (written++ < ${lines}) return write.call(this, chunk, encoding, done);
       const error = new Error('ENOSPC: no space left on device, write');
       done(Object.assign(error, { code: 'ENOSPC', syscall: 'write' }));
     };`,
  );
  return `--import=${path}`;
}

function lastEvent(run: string): unknown {
  const lines = readFileSync(join(folder, run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return JSON.parse(lines.at(-1)!);
}

test('a reader who has seen enough does not end a training', async () => {
  const started = startManet(['train', ...TINY, '--out', 'closed'], folder);
  await started.printed('1/6');
  started.process.stdout!.destroy();
  expect(await started.finished).toMatchObject({ code: 0, stderr: '' });
  expect(lastEvent('closed')).toMatchObject({ type: 'end', step: 48, reason: 'budget' });
});

test('a screen that is full does not end a training, and is told', async () => {
  const { code, stderr } = await manet(['train', ...TINY, '--out', 'full'], folder, fullAfter(4));
  expect(stderr).toMatch(/^stdout cannot be written, and is given up: ENOSPC[^\n]*\n$/);
  expect(code).toBe(0);
  expect(lastEvent('full')).toMatchObject({ type: 'end', step: 48, reason: 'budget' });
});

test('a command that only prints fails where its words are lost, unless its reader had enough', async () => {
  expect(await manet(['recipes'], folder, fullAfter(0))).toMatchObject({ code: 1, stdout: '' });
  const started = startManet(['recipes'], folder);
  started.process.stdout!.destroy();
  expect(await started.finished).toMatchObject({ code: 0, stderr: '' });
});
