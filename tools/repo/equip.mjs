// What some tests need of the machine and no package of npm can bring: a Chromium with its software renderer
// and the loader of Vulkan drivers (WebGPU without a GPU), an MPI, and TensorFlow's C library (CUDA's adapter without a GPU).
// Tests skip what is missing, by name.
//
//   node tools/repo/equip.mjs            says what there is
//   node tools/repo/equip.mjs --install  installs Chromium and MPI where the system's package manager may do so, and in
//                                        CI builds the library, which takes minutes and a large download

import { execFileSync, execSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const install = process.argv.includes('--install');
const minutes = (n) => n * 60_000;

/** What tests take, and the packages that bring it. `MA_NET_CHROMIUM` and `MA_NET_MPIRUN` name others. */
const needs = [
  {
    name: 'chromium',
    of: 'WebGPU',
    found: [
      process.env.MA_NET_CHROMIUM,
      ...onPath(['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']),
    ],
    packages: { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium' },
  },
  {
    // The browser's software renderer is a Vulkan driver, and nothing but this library finds drivers. Debian's chromium only recommends it.
    name: 'vulkan loader',
    of: 'WebGPU',
    found: libraries('libvulkan.so.1'),
    packages: { 'apt-get': 'libvulkan1', dnf: 'vulkan-loader', apk: 'vulkan-loader' },
  },
  {
    name: 'mpi',
    of: 'MPI',
    found: [process.env.MA_NET_MPIRUN, ...onPath(['mpirun', 'mpiexec']), '/usr/lib64/openmpi/bin/mpirun'],
    packages: { 'apt-get': 'openmpi-bin', dnf: 'openmpi', apk: 'openmpi' },
  },
];
/** What gets packages on their way, which may be cut short, then what installs them, which must not be. */
const managers = {
  'apt-get': {
    fetch: (names) =>
      `apt-get update -q && apt-get install -qy --no-install-recommends --download-only ${names}`,
    install: (names) => `DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends ${names}`,
  },
  dnf: {
    fetch: (names) => `dnf install -qy --downloadonly ${names}`,
    install: (names) => `dnf install -qy ${names}`,
  },
  apk: { fetch: () => 'apk update -q', install: (names) => `apk add -q ${names}` },
};

system();
tfjsNode();

function system() {
  const missing = needs.filter((need) => !need.found.some(isThere));
  const problem = missing.length > 0 ? add(missing) : '';
  for (const need of needs) {
    const path = need.found.find(isThere);
    const state = path ?? (problem === '' ? 'installed' : `${problem}; tests of ${need.of} are skipped`);
    console.log(`${need.name}: ${state}`);
  }
}

/** Asks the package manager of the system, which only root may. Returns what went wrong, or nothing. */
function add(missing) {
  const manager = Object.keys(managers).find((name) => onPath([name]).some(isThere));
  if (manager === undefined) return 'not installed, and no package manager is known here';
  const names = missing.map(({ packages }) => packages[manager]).join(' ');
  const command = managers[manager].install(names);
  if (!install) return `not installed, try "${command}"`;
  if (process.getuid?.() !== 0) return `not installed, and ${manager} needs root: "${command}"`;
  try {
    execSync(managers[manager].fetch(names), { stdio: 'pipe', timeout: minutes(10) });
    execSync(command, { stdio: 'pipe' });
    return '';
  } catch (error) {
    const said = String(error.stderr ?? '').trim() || error.message;
    return `${manager} could not install it (${said.split('\n').at(-1)})`;
  }
}

function tfjsNode() {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ma-net/tfjs-node');
  const build = resolve(import.meta.dirname, '../tfjs-node/build.mjs');
  if (existsSync(cache)) return console.log(`tfjs-node: ${cache}`);
  if (!install || !process.env.CI)
    return console.log(
      'tfjs-node: not built; tests of CUDA are skipped, try "node tools/tfjs-node/build.mjs"',
    );
  try {
    const said = execFileSync(process.execPath, [build], {
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: minutes(10),
    });
    console.log(`tfjs-node: ${said.trim().split('\n').at(-1)}`);
  } catch (error) {
    console.log(`tfjs-node: not built; tests of CUDA are skipped\n${error.stdout ?? error.message}`);
  }
}

function onPath(names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

/** Where a system keeps its libraries; `MA_NET_LIBRARIES` names another folder. */
function libraries(name) {
  const chosen = process.env.MA_NET_LIBRARIES;
  if (chosen !== undefined) return [join(chosen, name)];
  const folders = ['/usr/lib', '/usr/lib64', '/lib', '/usr/local/lib'];
  const nested = isThere('/usr/lib') ? readdirSync('/usr/lib').filter((n) => n.includes('-linux-')) : [];
  return [...folders, ...nested.map((triplet) => `/usr/lib/${triplet}`)].map((folder) => join(folder, name));
}

function isThere(path) {
  return path !== undefined && existsSync(path);
}
