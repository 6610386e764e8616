import { writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { diagram, isPlaced, refusal } from './layers.ts';
import { packages, read, root, sources, tests, titled, workspaces } from './repository.ts';

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function importsOf(file: string): readonly Import[] {
  return ts
    .preProcessFile(read(file), true, true)
    .importedFiles.map(({ fileName }) => ({ file, specifier: fileName }));
}

describe('the rule', () => {
  const src = (id: string) => ({ kind: 'packages', id, isTest: false });
  const to = (id: string) => ({ kind: 'packages', id });

  test.each([
    ['recipes', 'trainer'],
    ['recipes', 'run'],
    ['run', 'export'],
    ['trainer', 'method-ma-net'],
    ['export', 'backend-onnx'],
    ['mpi', 'core'],
    ['trainer', 'mnet'],
    ['task-detr', 'tnet'],
    ['tnet', 'core'],
    ['backend-webgpu', 'core'],
  ])('%s may import %s', (from, target) => expect(refusal(src(from), to(target))).toBeUndefined());

  test.each([
    ['tnet', 'mnet'],
    ['mnet', 'tnet'],
    ['core', 'tnet'],
    ['mnet', 'trainer'],
    ['trainer', 'recipes'],
    ['export', 'run'],
    ['export', 'backend-cpu'],
    ['run', 'backend-onnx'],
    ['method-ma-net', 'trainer'],
    ['backend-onnx', 'tnet'],
    ['backend-onnx', 'backend-cpu'],
    ['trainer', 'backend-cpu'],
    ['mnet', 'testing'],
    ['newcomer', 'core'],
  ])('%s may not import %s', (from, target) => expect(refusal(src(from), to(target))).toBeDefined());

  test('tests may run on a backend and use the matchers', () => {
    expect(refusal({ ...src('mnet'), isTest: true }, to('backend-cpu'))).toBeUndefined();
    expect(refusal({ ...src('mnet'), isTest: true }, to('testing'))).toBeUndefined();
    expect(refusal({ ...src('mnet'), isTest: true }, to('tnet'))).toBeDefined();
  });

  test('apps import any package, and nothing imports an app', () => {
    const app = { kind: 'apps', id: 'cli', isTest: false };
    expect(refusal(app, to('backend-onnx'))).toBeUndefined();
    expect(refusal(src('recipes'), app)).toBeDefined();
  });
});

test('every package has its place in the house', () => {
  expect(packages.map(({ id }) => id).filter((id) => !isPlaced(id))).toEqual([]);
});

/** The diagram in a document: the first block of text that begins with the apps. */
const HOUSE = /(?<=```text\n)apps\/[\s\S]*?(?=\n```)/;

// `npm run api` prints it anew.
test.each(['docs/architecture.md', 'CONTRIBUTING.md'])('%s shows this house', (file) => {
  const ids = (kind: string): string[] => workspaces.filter((w) => w.kind === kind).map(({ id }) => id);
  const printed = diagram(ids('packages'), ids('apps'), ids('tools'));
  if (process.env['MA_NET_WRITE'] === '1')
    writeFileSync(
      join(root, file),
      read(file).replace(HOUSE, () => printed),
    );
  expect(HOUSE.exec(read(file))?.[0]).toBe(printed);
});

const doors = new Set(
  workspaces.flatMap((w) =>
    Object.keys(w.manifest.exports ?? {}).map((path) => w.manifest.name + path.slice(1)),
  ),
);

describe.each(titled(workspaces))('%s', (_, workspace) => {
  const production = sources(workspace).flatMap(importsOf);
  const inTests = tests(workspace).flatMap(importsOf);

  test('imports only what stands below it', () => {
    const check = (isTest: boolean) => (i: Import) => {
      const id = /^@ma-net\/([^/]+)/.exec(i.specifier)?.[1];
      if (id === undefined) return [];
      const target = workspaces.find((w) => w.id === id);
      if (target === undefined) return [`${i.file}: there is no package @ma-net/${id}`];
      const why = refusal({ ...workspace, isTest }, target);
      return why === undefined ? [] : [`${i.file} imports ${i.specifier}: ${why}`];
    };
    expect([...production.flatMap(check(false)), ...inTests.flatMap(check(true))]).toEqual([]);
  });

  test('meets others only at their entry points', () => {
    const leaks = [...production, ...inTests].filter(({ file, specifier }) =>
      specifier.startsWith('.')
        ? !relative(root, resolve(root, file, '..', specifier)).startsWith(`${workspace.folder}/`)
        : // A bundler may be asked for the address of a file, `?url`.
          specifier.startsWith('@ma-net/') && !doors.has(specifier.replace(/\?url$/, '')),
    );
    expect(leaks).toEqual([]);
  });

  test('declares the packages it imports, and builds after them', () => {
    const used = new Set(production.map((i) => /^@ma-net\/[^/]+/.exec(i.specifier)?.[0]).filter(isName));
    const { dependencies = {} } = workspace.manifest;
    expect([...used].filter((name) => !Object.hasOwn(dependencies, name))).toEqual([]);
    if (workspace.kind === 'tools') return;
    const { references } = JSON.parse(read(`${workspace.folder}/tsconfig.json`)) as {
      references: { path: string }[];
    };
    const built = references.map(({ path }) => `@ma-net/${path.split('/').at(-1)}`);
    expect([...used].filter((name) => !built.includes(name))).toEqual([]);
  });
});

/** Backends and MPI are chosen by whoever starts a program, where they run. */
const inBrowsers = packages.filter(
  ({ id }) => !id.startsWith('backend-') && !['mpi', 'testing'].includes(id),
);

test.each(titled(inBrowsers))('the main entry of %s asks for no module of Node', (folder) => {
  const reached = new Set<string>();
  const follow = (file: string): readonly Import[] => {
    if (reached.has(file)) return [];
    reached.add(file);
    return importsOf(file).flatMap((i) => {
      if (/^\.\.?\/.*\.ts$/.test(i.specifier)) return follow(join(dirname(file), i.specifier));
      return i.specifier.startsWith('#') ? follow(join(folder, elsewhere(i.specifier))) : [i];
    });
  };
  // A file of the package's own that is another one in Node.
  const { imports: own = {} } = JSON.parse(read(`${folder}/package.json`)) as {
    imports?: Record<string, { default: Record<string, string> }>;
  };
  const elsewhere = (specifier: string): string => own[specifier]!.default['@ma-net/source']!;
  const imports = follow(`${folder}/src/index.ts`);
  expect(imports.filter(({ specifier }) => /^node:|^@ma-net\/[^/]+\/node$/.test(specifier))).toEqual([]);
});

function isName(name: string | undefined): name is string {
  return name !== undefined;
}
