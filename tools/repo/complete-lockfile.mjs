// `npm run lockfile`: adds to package-lock.json the prebuilt packages of the other platforms. npm leaves them
// out when it writes the file beside an installation, or from a registry that does not carry them; `npm ci`
// then refuses the file, or the tool does not start on that platform. With --check, only says what is missing.

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const file = resolve(import.meta.dirname, '../../package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const missing = {};

for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isLocked(name, path)) continue;
    missing[`node_modules/${name}`] = { version, ...platform(name), ...(dev && { dev }), optional: true };
  }
}

const names = Object.keys(missing);
if (process.argv.includes('--check')) {
  for (const name of names) console.log(name);
  process.exitCode = names.length === 0 ? 0 : 1;
} else if (names.length > 0) {
  const [root, ...others] = Object.entries(lock.packages);
  const sorted = [...others, ...Object.entries(missing)].sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries([root, ...sorted]);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${names.length} packages of other platforms added to package-lock.json.`);
}

/** Whether `name`, required from the package at `path`, is found on the way up to the root. */
function isLocked(name, path) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (Object.hasOwn(lock.packages, `${at === '' ? '' : `${at}/`}node_modules/${name}`)) return true;
    if (at === '') return false;
  }
}

/** `binding-linux-arm64-musl` says where it runs. */
function platform(name) {
  const [, os, rest = ''] =
    /(android|darwin|linux|win32|freebsd|openbsd|netbsd|sunos|aix|openharmony)(.*)$/.exec(name) ?? [];
  const cpu = /arm64|arm|x64|ia32|ppc64|s390x|riscv64|loong64|mips64el/.exec(rest)?.[0];
  if (os === undefined || cpu === undefined) throw new Error(`${name} does not say where it runs.`);
  const libc = rest.includes('musl') ? 'musl' : os === 'linux' && rest.includes('gnu') ? 'glibc' : undefined;
  return { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) };
}
