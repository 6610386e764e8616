// Which GPUs the NVIDIA driver knows, asked without CUDA.

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Gpu {
  readonly name: string;
  /** With its unit; empty where the driver does not say. */
  readonly memory: string;
}

/** Asks nvidia-smi, or else what the driver of Linux writes about itself. No driver, no GPUs. */
export async function listGpus(proc = '/proc/driver/nvidia/gpus'): Promise<Gpu[]> {
  const listed = parseSmi(await smi());
  if (listed.length > 0) return listed;
  const folders = await readdir(proc).catch(() => []);
  const texts = await Promise.all(
    folders.map((f) => readFile(join(proc, f, 'information'), 'utf8').catch(() => '')),
  );
  return texts.flatMap((text) => {
    const name = /^Model:\s*(.+)$/m.exec(text)?.[1];
    return name === undefined ? [] : [{ name: name.trim(), memory: '' }];
  });
}

/** `name, MiB` per line. */
export function parseSmi(output: string): Gpu[] {
  return output.split('\n').flatMap((line) => {
    const [name = '', mebibytes = ''] = line.split(',').map((part) => part.trim());
    if (name === '' || !/^\d+$/.test(mebibytes)) return [];
    return [{ name, memory: `${Math.round(Number(mebibytes) / 1024)} GiB` }];
  });
}

function smi(): Promise<string> {
  const question = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'];
  return new Promise((resolve) => {
    execFile('nvidia-smi', question, { timeout: 10_000 }, (error, stdout) => resolve(error ? '' : stdout));
  });
}
