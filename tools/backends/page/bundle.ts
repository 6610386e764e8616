import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A suite of this folder and everything it needs, as one module for a page. */
export async function bundle(suite: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here(`${suite}.ts`)],
    alias: { vitest: here('vitest.ts') },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2023',
    conditions: ['@ma-net/source'],
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}
