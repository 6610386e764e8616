// A half-pruned ViT-B/16 with its plan, metadata of 9 MB, and more than 2 GiB: each comes back as it went.

import assert from 'node:assert/strict';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type HostTensor, Rng, startBackend } from '@ma-net/core';
import { readSafetensors, writeSafetensors } from '@ma-net/core/node';
import { loadNetwork, saveNetwork } from '@ma-net/export/node';
import { planOfMasks } from '@ma-net/mnet';
import { createTNet } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import * as tf from '@tensorflow/tfjs-core';

const folder = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'ma-net-large-'));
const path = join(folder, 'file.safetensors');
await startBackend(cpu);

async function timed(what: string, run: () => Promise<string>): Promise<void> {
  const start = performance.now();
  const result = await run();
  console.log(`${what}: ${result}; ${((performance.now() - start) / 1000).toFixed(1)} s`);
  await rm(path, { force: true });
}

/** Bytes of a file's header, and of the file. */
async function sizesOf(file: string): Promise<readonly [number, number]> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    return [Number(buffer.readBigUInt64LE()), (await handle.stat()).size];
  } finally {
    await handle.close();
  }
}

try {
  await timed('a half-pruned ViT-B/16', async () => {
    const network = await createTNet('vit-b16', { numClasses: 1000 });
    const masks = Object.fromEntries(
      network.kernels.map((k) => [
        k.param,
        Uint8Array.from({ length: k.preNeurons * k.postNeurons }, (_, i) => ((i * 2654435761) >>> 7) & 1),
      ]),
    );
    const plan = planOfMasks(network, masks, { mode: 'target', removeModulated: 0.5 });
    const made = network.init(Rng.fromSeed(0));
    await saveNetwork(
      path,
      { network, ...made },
      {
        network: zoo({ name: 'vit-b16' }),
        shapes: {},
        classNames: Array.from({ length: 1000 }, (_, i) => `class ${i}`),
        input: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], white: 255 },
        plan,
      },
    );
    const [header, size] = await sizesOf(path);
    assert.ok(header < 1_000_000, `a header of ${header} bytes`);
    const read = await loadNetwork(path);
    assert.deepEqual(read.facts.plan, plan);
    for (const [name, tensor] of Object.entries(made.params))
      assert.deepEqual(await read.params[name]!.data(), await tensor.data(), name);
    tf.dispose([made.params, made.stats, read.params, read.stats] as tf.TensorContainer);
    return `${(size / 1e6).toFixed(0)} MB, a header of ${(header / 1e3).toFixed(0)} kB`;
  });

  await timed('metadata of 9 MB', async () => {
    const note = 'x'.repeat(9_000_000);
    await writeSafetensors(path, { x: { shape: [1], dtype: 'float32', data: Float32Array.of(1) } }, { note });
    assert.equal((await readSafetensors(path)).metadata['note'], note);
    return 'read';
  });

  await timed('more than 2 GiB', async () => {
    const tensors: Record<string, HostTensor> = {};
    for (const name of ['a', 'b', 'c']) {
      const data = new Float32Array(200_000_000);
      data.fill(name.charCodeAt(0));
      data[data.length - 1] = -1;
      tensors[name] = { shape: [data.length], dtype: 'float32', data };
    }
    await writeSafetensors(path, tensors);
    const [, size] = await sizesOf(path);
    assert.ok(size > 2 ** 31);
    const read = await readSafetensors(path);
    assert.ok(read.verified);
    for (const [name, { data }] of Object.entries(tensors))
      assert.equal(Buffer.compare(Buffer.from(read.tensors[name]!.data.buffer), Buffer.from(data.buffer)), 0);
    return `${(size / 2 ** 30).toFixed(2)} GiB`;
  });
} finally {
  await rm(folder, { recursive: true });
}
