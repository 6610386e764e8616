// Runs the suites of all backends, then writes docs/guide/backend-table.md from vitest's report:
//   npm run table -w @ma-net/backends [report.json, to use that one]

import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const vitest = (args, env = {}) =>
  spawnSync('npx', ['vitest', 'run', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });

let report = process.argv[2] && resolve(process.argv[2]);
if (report === undefined) {
  report = join(mkdtempSync(join(tmpdir(), 'ma-net-table-')), 'report.json');
  const packages = ['backend-cpu', 'backend-onnx', 'backend-webgpu', 'backend-cuda', 'backends'];
  const projects = packages.flatMap((name) => ['--project', `@ma-net/${name}`]);
  const suites = ['adapter', 'browser', 'digits'];
  vitest([...projects, ...suites, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
}
process.exitCode = vitest(['--project', '@ma-net/backends', 'table'], { MA_NET_REPORT: report }).status ?? 1;
