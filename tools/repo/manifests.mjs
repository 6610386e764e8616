// `npm run manifests`: writes into every package.json what the project says once, in the root's, and what follows
// from the folder: licence, author, addresses, engines, the version of neighbours, how it is packed. With --check,
// only says what is out of step.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const order = [
  'name',
  'version',
  'private',
  'description',
  'keywords',
  'homepage',
  'bugs',
  'license',
  'author',
  'repository',
  'type',
  'sideEffects',
  'engines',
  'bin',
  'exports',
  'imports',
  'generators',
  'files',
  'scripts',
  'publishConfig',
  'nx',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'optionalDependencies',
  'devDependencies',
];

const root = resolve(import.meta.dirname, '../..');
const project = read('package.json');
const check = process.argv.includes('--check');

const folders = ['packages', 'apps', 'tools']
  .flatMap((kind) => readdirSync(resolve(root, kind)).map((id) => `${kind}/${id}`))
  .filter((folder) => existsSync(resolve(root, folder, 'package.json')));
const manifests = new Map(folders.map((folder) => [folder, read(`${folder}/package.json`)]));
const versions = new Map([...manifests.values()].map(({ name, version }) => [name, version]));

for (const [folder, manifest] of manifests) {
  const expected = inOrder({
    ...withVersions(manifest),
    ...(manifest.private ? {} : shared(folder, manifest)),
  });
  const file = resolve(root, folder, 'package.json');
  const text = `${JSON.stringify(expected, null, 2)}\n`;
  if (text === readFileSync(file, 'utf8')) continue;
  if (check) console.log(`${folder}: ${differences(manifest, expected).join(', ')}`);
  else writeFileSync(file, text);
}

/** What a package that is published has in common with the others, or gets from its folder. */
function shared(folder, { keywords = [], engines, bin, files = [], scripts }) {
  const { bugs, license, author, repository } = project;
  return {
    keywords: [...new Set([...project.keywords, ...keywords])],
    homepage: `${repository.url.replace(/^git\+|\.git$/g, '')}/tree/main/${folder}#readme`,
    bugs,
    license,
    author,
    repository: { ...repository, directory: folder },
    // A package may promise less than the project.
    engines: engines?.node.startsWith(project.engines.node) ? engines : project.engines,
    ...(bin && { bin: Object.fromEntries(Object.entries(bin).map(([k, v]) => [k, v.replace(/^\.\//, '')])) }),
    // With the sources: source maps and "go to definition" lead there.
    files: [...new Set(['dist', 'src', ...files, '!**/*.test.*', '!**/.tsbuildinfo'])],
    // Nothing is packed that was not built just now, and publishing builds although installing here runs no scripts.
    scripts: { ...scripts, publint: 'publint', prepack: 'npm --prefix ../.. run --silent build' },
    publishConfig: { access: 'public', 'ignore-scripts': false },
  };
}

/** Keys we know, in their order, then others. */
function inOrder(manifest) {
  const rank = (key) => (order.includes(key) ? order.indexOf(key) : order.length);
  return Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => rank(a) - rank(b)));
}

/** Fields that are not as they should be. */
function differences(manifest, expected) {
  const fields = Object.keys(expected).filter(
    (key) => JSON.stringify(manifest[key]) !== JSON.stringify(expected[key]),
  );
  return fields.length === 0 ? ['order of keys'] : fields;
}

/** Neighbours are taken at the version they have: all are released together. */
function withVersions(manifest) {
  const changed = { ...manifest };
  for (const key of ['dependencies', 'devDependencies', 'peerDependencies']) {
    if (manifest[key] === undefined) continue;
    changed[key] = Object.fromEntries(
      Object.entries(manifest[key]).map(([name, range]) => [name, versions.get(name) ?? range]),
    );
  }
  return changed;
}

function read(file) {
  return JSON.parse(readFileSync(resolve(root, file), 'utf8'));
}
