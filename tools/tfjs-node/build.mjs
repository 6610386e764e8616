// Builds @tensorflow/tfjs-node, the CPU twin of tfjs-node-gpu: the same binding over the same C interface. Its
// install script wants a download that is often out of reach, so the binding is compiled here from the sources
// in the npm package, against the C library inside the wheel tensorflow-cpu.
//
// Everything lands in a cache outside the repository, where the tests of backend-cuda look for it; a second run
// finds it there. Linux x64 with python3 (pip), a C++ compiler, make and Node's headers.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const TFJS = '4.22.0';
// The oldest wheel with a C library of its own (libtensorflow_cc) for a Python that is still maintained.
const TENSORFLOW = '2.12.1';

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ma-net', 'tfjs-node');
const binding = (root) => join(root, 'node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node');

const WHEEL = [
  ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--quiet', '--disable-pip-version-check'],
  ...['--platform', 'manylinux2014_x86_64', '--implementation', 'cp', '--python-version', '311'],
];

const UNPACK = `
import glob, os, sys, zipfile
HEADERS = tuple('tensorflow/include/tensorflow/' + part for part in ('c/', 'tsl/', 'core/platform/'))
deps, (wheel,) = sys.argv[1], glob.glob('*.whl')
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(HEADERS) and name.endswith('.h'):
            path = os.path.join(deps, name[len('tensorflow/'):])
        elif name.startswith('tensorflow/libtensorflow'):
            path = os.path.join(deps, 'lib', os.path.basename(name))
        else:
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(name) as source, open(path, 'wb') as target:
            while chunk := source.read(1 << 24):
                target.write(chunk)
os.remove(wheel)
`;

const LOADS = `
const tf = require('@tensorflow/tfjs-node');
if (tf.getBackend() !== 'tensorflow' || tf.matMul([[3]], [[4]]).dataSync()[0] !== 12) process.exit(1);
`;

if (existsSync(binding(cache))) {
  console.log(`tfjs-node ${TFJS} is in ${cache}.`);
} else {
  build();
}

function build() {
  const work = `${cache}.${process.pid}`;
  let doing = 'looking at this machine';
  const step = (name, body) => {
    doing = name;
    console.log(name);
    return body();
  };
  try {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new Error(`The wheel is for Linux x64; this is ${process.platform} ${process.arch}.`);
    const headers = nodeHeaders();
    mkdirSync(work, { recursive: true });
    writeFileSync(join(work, 'package.json'), '{ "private": true }\n');
    step(`installing @tensorflow/tfjs-node@${TFJS} without its install script`, () =>
      run(
        'npm',
        ['install', '--ignore-scripts', '--no-audit', '--no-fund', `@tensorflow/tfjs-node@${TFJS}`],
        work,
      ),
    );
    const source = join(work, 'node_modules/@tensorflow/tfjs-node');
    step(`downloading the wheel tensorflow-cpu ${TENSORFLOW}`, () =>
      run('python3', [...WHEEL, '-d', work, `tensorflow-cpu==${TENSORFLOW}`], work),
    );
    step('taking the C library and its headers out of the wheel', () => {
      run('python3', ['-c', UNPACK, join(source, 'deps')], work);
      for (const library of ['libtensorflow_cc', 'libtensorflow_framework']) {
        const name = library.replace('_cc', '');
        symlinkSync(`${library}.so.2`, join(source, 'deps/lib', `${name}.so`));
      }
    });
    step('compiling the binding', () =>
      run(
        process.execPath,
        [
          nodeGyp(),
          'rebuild',
          `--nodedir=${headers}`,
          '--',
          '-Dmodule_name=tfjs_binding',
          `-Dmodule_path=${dirname(binding(work))}`,
          '-Dnapi_build_version=8',
        ],
        source,
      ),
    );
    step('loading it', () => run(process.execPath, ['-e', LOADS], work));
    rmSync(cache, { recursive: true, force: true });
    renameSync(work, cache);
    console.log(`tfjs-node ${TFJS} is in ${cache}.`);
  } catch (error) {
    console.log(
      `Stopped while ${doing}:\n${[error.stdout, error.stderr, error.message].filter(Boolean).join('\n')}`,
    );
    process.exitCode = 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A folder whose include/node has Node's headers. */
function nodeHeaders() {
  const folders = [process.env.npm_config_nodedir, dirname(dirname(process.execPath)), '/usr', '/usr/local'];
  const found = folders.find((folder) => folder && existsSync(join(folder, 'include/node/node_api.h')));
  if (found === undefined)
    throw new Error("Node's headers (include/node/node_api.h) are not on this machine.");
  return found;
}

/** The node-gyp that comes with npm. */
function nodeGyp() {
  const globals = execFileSync('npm', ['root', '-g'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return join(globals.trim(), 'npm/node_modules/node-gyp/bin/node-gyp.js');
}

function run(command, args, cwd) {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
  });
}
