// Full-size networks with random weights, against PyTorch: node run.mjs [--backend name] [network ...]
// Needs a python3 that can import torchvision (Debian: apt-get install python3-torchvision).

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importSource } from '../repo/import-source.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const python = [process.env.PYTHON, 'python3', '/usr/bin/python3'].find(
  (command) => command !== undefined && spawnSync(command, ['-c', 'import torchvision']).status === 0,
);
if (python === undefined) {
  console.error('No python3 here can import torchvision. On Debian: apt-get install python3-torchvision.');
  process.exit(1);
}

const { compare, names } = await importSource(new URL('src/compare.ts', import.meta.url));

const words = process.argv.slice(2);
const at = words.indexOf('--backend');
const backend = at === -1 ? 'cpu' : words.splice(at, 2)[1];
const folder = mkdtempSync(join(tmpdir(), 'manet-parity-'));
let equal = true;
try {
  for (const name of words.length > 0 ? words : names) {
    const { status } = spawnSync(python, [join(here, 'reference.py'), 'full', folder, name], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exit(1);
    const path = join(folder, `${name}.safetensors`);
    equal = (await compare(name, path, backend)) && equal;
    rmSync(path);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(equal ? 0 : 1);
