// What some tests need of the machine and no package of npm can bring: a Chromium with its software renderer
// (WebGPU without a GPU), and TensorFlow's C library (CUDA's adapter without a GPU). Tests skip what
// is missing, by name.
//
//   node tools/repo/equip.mjs            says what there is
//   node tools/repo/equip.mjs --install  installs Chromium where the system's package manager may do so, and in
//                                        CI builds the library, which takes minutes and a large download

import { execFileSync, execSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const install = process.argv.includes('--install');
const minutes = (n) => n * 60_000;

chromium();
tfjsNode();

function chromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const find = () => process.env.MA_NET_CHROMIUM ?? onPath(names);
  let problem = 'not installed';
  if (find() === undefined && install) problem = installChromium();
  const found = find();
  console.log(
    `chromium: ${found ?? `${problem}; tests of WebGPU are skipped, try "apt-get install chromium"`}`,
  );
}

/** Asks the package manager of the system, which only root may. */
function installChromium() {
  const managers = {
    'apt-get':
      'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium',
    dnf: 'dnf install -qy chromium',
    apk: 'apk add -q chromium',
  };
  const manager = Object.keys(managers).find((name) => onPath([name]) !== undefined);
  if (manager === undefined) return 'not installed, and no package manager is known here';
  if (process.getuid?.() !== 0) return `not installed, and ${manager} needs root`;
  try {
    execSync(managers[manager], { stdio: 'pipe', timeout: minutes(5) });
    return '';
  } catch (error) {
    return `${manager} could not install it (${String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .at(-1)})`;
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
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}
