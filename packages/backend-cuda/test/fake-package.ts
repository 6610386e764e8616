import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A package in the shape of tfjs-node-gpu whose entry is `code`; undefined leaves its library out. */
export function fakePackage(code: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-tfjs-node-'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "fake", "main": "index.js" }');
  writeFileSync(join(folder, 'index.js'), code ?? '');
  mkdirSync(join(folder, 'lib/napi-v8'), { recursive: true });
  if (code !== undefined) writeFileSync(join(folder, 'lib/napi-v8/tfjs_binding.node'), '');
  return folder;
}

/** An entry that says what libtensorflow says, and has a GPU or not. */
export function tensorflowThat(says: string, gpu: boolean): string {
  return `process.stderr.write(${JSON.stringify(says)});
exports.backend = () => ({ isUsingGpuDevice: ${gpu} });`;
}
