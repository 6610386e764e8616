// `npm run release:version`: what changesets make of the notes in .changeset: versions, ranges and CHANGELOGs. Before the first
// release there is one note, for everybody: nobody had what the others tell of.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '../..'));
const notes = join(root, '.changeset');
const first = join(notes, 'first-release.md');
const folders = ['packages', 'apps']
  .flatMap((kind) => readdirSync(join(root, kind)).map((id) => join(root, kind, id)))
  .filter((folder) => existsSync(join(folder, 'package.json')));

if (existsSync(first)) {
  for (const note of readdirSync(notes))
    if (note.endsWith('.md')) if (join(notes, note) !== first) rmSync(join(notes, note));
  const [, , ...text] = readFileSync(first, 'utf8').split('---\n');
  const manifests = folders.map(manifestOf);
  const everybody = manifests
    .flatMap(({ name, private: hidden }) => (hidden ? [] : [`'${name}': minor\n`]))
    .join('');
  writeFileSync(first, `---\n${everybody}---\n${text.join('---\n')}`);
  // A minor release of what has no version yet is 0.1.0; one that had a version would take the others along.
  const names = manifests.map(({ name }) => name);
  for (const folder of folders)
    writeFileSync(join(folder, 'package.json'), `${unversioned(manifestOf(folder), names)}\n`);
}
const cli = resolve(import.meta.dirname, '../../node_modules/@changesets/cli/bin.js');
execFileSync(process.execPath, [cli, 'version'], { cwd: root, stdio: 'inherit' });

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** The manifest at version 0.0.0, its neighbours too. */
function unversioned(manifest, names) {
  const none = { ...manifest, version: '0.0.0' };
  for (const key of ['dependencies', 'devDependencies', 'peerDependencies']) {
    if (none[key] === undefined) continue;
    none[key] = Object.fromEntries(
      Object.entries(none[key]).map(([name, range]) => [name, names.includes(name) ? '0.0.0' : range]),
    );
  }
  return JSON.stringify(none, null, 2);
}
