// The packages whose parts a recipe may choose: those that an application depends on.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { type AnyPart, type Installed, parseJson } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';
import { z } from 'zod';
import { importModule } from './import-module.ts';

const manifest = z.looseObject({
  name: z.string().exactOptional(),
  dependencies: z.record(z.string(), z.string()).exactOptional(),
  optionalDependencies: z.record(z.string(), z.string()).exactOptional(),
  exports: z.unknown().optional(),
});

interface Found {
  readonly name: string;
  /** The file of its parts. */
  readonly entry: string;
}

/** How an application imports a module: `(specifier) => import(specifier)`. */
export type Importer = (specifier: string) => Promise<unknown>;

/**
 * The packages that the application in `folder`, or in the nearest folder above it with a package.json, depends on and
 * that offer parts; itself included. Nothing is loaded before a part is asked for. `load` imports as the application
 * does; Node's resolution from its folder unless given. Throws `bad-file` for a package.json that is none.
 */
export function installedIn(folder: string, load?: Importer): Installed {
  const found = packagesOf(resolve(folder));
  return {
    packages: found.map(({ name }) => name),
    load: async (name) => {
      const { entry } = found.find((one) => one.name === name)!;
      const module = load === undefined ? importModule(entry) : load(`${name}/parts`);
      return (await module) as { readonly parts?: readonly AnyPart[] };
    },
  };
}

/** All of them; a package that several have is the first one's. */
export function together(...several: readonly Installed[]): Installed {
  return {
    packages: [...new Set(several.flatMap(({ packages }) => packages))],
    load: (name) => several.find(({ packages }) => packages.includes(name))!.load(name),
  };
}

function packagesOf(folder: string): readonly Found[] {
  const home = nearest(folder);
  if (home === undefined) return [];
  const { name, dependencies = {}, optionalDependencies = {}, exports } = readManifest(home);
  const names = new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)]);
  const offering = [...names].flatMap((dependency) => {
    const place = placeOf(dependency, home);
    return place === undefined ? [] : partsAt(dependency, place, exportsOf(place));
  });
  return name === undefined ? offering : [...offering, ...partsAt(name, home, exports)];
}

function partsAt(name: string, place: string, exports: unknown): readonly Found[] {
  const entry = isRecord(exports) ? targetOf(exports['./parts']) : undefined;
  return entry === undefined ? [] : [{ name, entry: join(place, entry) }];
}

const CONDITIONS: readonly string[] = ['node', 'import', 'default'];

/** What a conditional export leads to, for Node: the first condition that holds. */
function targetOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (!isRecord(target)) return undefined;
  for (const [condition, then] of Object.entries(target)) {
    const found = CONDITIONS.includes(condition) ? targetOf(then) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The nearest folder with a package.json, from `folder` up. */
function nearest(folder: string): string | undefined {
  if (existsSync(join(folder, 'package.json'))) return folder;
  return dirname(folder) === folder ? undefined : nearest(dirname(folder));
}

/** The folder of a dependency, as Node would find it from `home`; undefined where it is not there. */
function placeOf(name: string, home: string): string | undefined {
  const folders = createRequire(join(home, 'package.json')).resolve.paths(name) ?? [];
  return folders
    .map((modules) => join(modules, name))
    .find((place) => existsSync(join(place, 'package.json')));
}

/** What somebody else's package exports; a manifest that cannot be read offers nothing. */
function exportsOf(place: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as { exports?: unknown }).exports;
  } catch {
    return undefined;
  }
}

/** What the application itself says. */
function readManifest(folder: string): z.infer<typeof manifest> {
  const path = join(folder, 'package.json');
  let content: Uint8Array;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw fileError(error, path);
  }
  const value = parseJson(content, { what: 'The file', where: path, hint: 'mend it, as npm would ask for.' });
  return manifest.catch({ exports: undefined }).parse(value);
}
