import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPart, type Installed, partsOfKind } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { installedIn, together } from './installed.ts';

const root = mkdtempSync(join(tmpdir(), 'ma-net-installed-'));
let folders = 0;

/** A folder with files; values that are no text are written as JSON. */
function folderOf(files: Readonly<Record<string, unknown>>): string {
  const folder = join(root, `${++folders}`);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

const partOf = (id: string): string =>
  `globalThis.loaded = [...(globalThis.loaded ?? []), '${id}'];
   export const parts = [{ id: '${id}', kind: 'data', about: '', schema: {}, open: async () => '${id}' }];`;

const app = folderOf({
  'package.json': {
    name: 'app',
    type: 'module',
    dependencies: { '@them/bars': '1', plain: '1', missing: '1', broken: '1' },
    optionalDependencies: { modern: '1' },
    devDependencies: { tool: '1' },
    exports: { './parts': './mine.js' },
  },
  'mine.js': partOf('app#mine'),
  'src/deep/file.txt': '',
  'node_modules/@them/bars/package.json': { type: 'module', exports: { './parts': './lib/parts.js' } },
  'node_modules/@them/bars/lib/parts.js': partOf('@them/bars#bars'),
  'node_modules/modern/package.json': {
    type: 'module',
    exports: { './parts': { types: './parts.d.ts', browser: './no.js', import: { default: './parts.js' } } },
  },
  'node_modules/modern/parts.js': partOf('modern#new'),
  'node_modules/plain/package.json': { exports: './index.js' },
  'node_modules/broken/package.json': '{',
  'node_modules/tool/package.json': { exports: { './parts': './parts.js' } },
});

const loaded = (): readonly string[] => (globalThis as { loaded?: readonly string[] }).loaded ?? [];

describe('installedIn', () => {
  test('knows the dependencies that offer parts, and the application itself; it loads none of them', () => {
    expect(installedIn(app).packages).toEqual(['@them/bars', 'modern', 'app']);
    expect(installedIn(join(app, 'src/deep')).packages).toEqual(['@them/bars', 'modern', 'app']);
    expect(loaded()).toEqual([]);
  });

  test('loads what is asked for, from where the application would', async () => {
    const installed = installedIn(app);
    const part = await findPart('modern#new', 'data', installed, 'data');
    expect(await part.open({} as never)).toBe('modern#new');
    expect(loaded()).toEqual(['modern#new']);
    expect((await partsOfKind('data', installed)).map(({ id }) => id)).toEqual([
      '@them/bars#bars',
      'modern#new',
      'app#mine',
    ]);
  });

  test('imports as it is told', async () => {
    const asked: string[] = [];
    const installed = installedIn(app, async (specifier) => {
      asked.push(specifier);
      return { parts: [] };
    });
    await expect(findPart('modern#new', 'data', installed, 'data')).rejects.toMatchObject({
      code: 'unknown-name',
    });
    expect(asked).toEqual(['modern/parts']);
  });

  test('finds nothing where there is no application, and refuses one that says nonsense', () => {
    expect(installedIn(folderOf({ 'package.json': { dependencies: 3 } })).packages).toEqual([]);
    expect(() => installedIn(folderOf({ 'package.json': '{' }))).toThrow(
      expect.objectContaining({ code: 'bad-file' }),
    );
  });
});

test("together, a package that several have is the first one's", async () => {
  const one = (name: string, ...packages: string[]): Installed => ({
    packages,
    load: (asked) => Promise.resolve({ parts: [{ id: `${asked} of ${name}` } as never] }),
  });
  const both = together(one('a', 'x', 'y'), one('b', 'y', 'z'));
  expect(both.packages).toEqual(['x', 'y', 'z']);
  const ids = await Promise.all(both.packages.map(async (name) => (await both.load(name)).parts![0]!.id));
  expect(ids).toEqual(['x of a', 'y of a', 'z of b']);
});
