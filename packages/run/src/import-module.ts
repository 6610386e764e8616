// A module by its path: what Node reads by itself, and TypeScript on every Node.

import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Jiti } from 'jiti';

const TYPESCRIPT: readonly string[] = ['.ts', '.mts', '.cts'];

let jiti: Promise<Jiti> | undefined;

/**
 * What a module exports, by name. Types are taken out of TypeScript and not checked; what such a module imports is found
 * from its own folder, and packages are those that the process has. Throws what the module throws.
 */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const whole = resolve(path);
  if (!TYPESCRIPT.includes(extname(whole)))
    return (await import(pathToFileURL(whole).href)) as Record<string, unknown>;
  return (await (jiti ??= createdJiti())).import(whole);
}

async function createdJiti(): Promise<Jiti> {
  const { createJiti } = await import('jiti');
  // Nothing is written for the next time, and what a module exports is not mixed with its default.
  return createJiti(import.meta.url, { fsCache: false, interopDefault: false });
}
