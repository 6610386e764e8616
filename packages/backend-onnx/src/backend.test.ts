import { MaNetError } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type RunningBackend, startBackend } from '@ma-net/core';
import { createOnnxBackend, onnx } from './adapter.ts';
import { Draw, random } from '../test/oracle.ts';

let running: RunningBackend;
beforeAll(async () => {
  running = await onnx.start();
});

/** How the counters move while `body` runs. */
async function counted(body: () => Promise<void>): Promise<Record<string, number>> {
  const before = running.counters();
  await body();
  const after = running.counters();
  return Object.fromEntries(Object.keys(after).map((name) => [name, after[name]! - before[name]!]));
}

/** The code of the MaNetError that `body` ends in. */
async function codeOf(body: () => unknown): Promise<string> {
  try {
    await body();
  } catch (error) {
    if (error instanceof MaNetError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('recording', () => {
  test('nothing runs before somebody asks', async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const stats = await counted(async () => tf.dispose(tf.mul(x, x)));
    expect(stats).toMatchObject({ calls: 1, dropped: 1, runs: 0 });
    x.dispose();
  });

  test('one sync is one run, whatever the number of kernels', async () => {
    const x = tf.tensor1d([1, 2, 3]);
    let y = tf.mul(x, 2);
    for (let k = 0; k < 20; k++) y = tf.add(y, x);
    const stats = await counted(() => running.sync());
    expect(stats).toMatchObject({ runs: 1 });
    expect([...(await y.data())]).toEqual([22, 44, 66]);
    tf.disposeVariables();
  });

  test('results that nobody can reach are cut with everything only they needed', async () => {
    const x = tf.tensor1d([4, 9]);
    const kept = tf.tidy(() => {
      tf.exp(tf.sin(tf.mul(x, 3)));
      return tf.sqrt(x);
    });
    const stats = await counted(() => running.sync());
    expect(stats).toMatchObject({ runs: 1 });
    expect([...(await kept.data())]).toEqual([2, 3]);
    tf.dispose([x, kept]);
  });

  test('a disposed input is read as long as a recorded kernel needs it', async () => {
    const x = tf.tensor1d([5]);
    const y = tf.neg(x);
    x.dispose();
    expect([...(await y.data())]).toEqual([-5]);
    y.dispose();
  });

  test('a typed array belongs to the tensor made of it, uncopied, as on the cpu backend', async () => {
    for (const values of [new Float32Array([1, 2]), new Int32Array([1, 2])]) {
      const dtype = values instanceof Float32Array ? 'float32' : 'int32';
      const x = tf.tensor1d(values, dtype);
      const kept = (x.dataId as unknown as { values: unknown }).values;
      expect(kept).toBe(values);
      const read = await x.data();
      read.fill(7);
      expect([...values]).toEqual([1, 2]);
      x.dispose();
    }
  });

  test('a reshaped tensor shares its buffer', async () => {
    const x = tf.tensor2d([[1, 2, 3]]);
    const before = tf.memory();
    const y = tf.reshape(x, [3]);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    const z = tf.add(y, tf.tensor1d([1, 1, 1]));
    expect([...(await z.data())]).toEqual([2, 3, 4]);
    tf.dispose([x, y, z]);
  });
});

describe('compiling', () => {
  /** One made-up training step: changing numbers, the same shapes. */
  async function step(w: tf.Tensor, rate: number): Promise<tf.Tensor> {
    const next = tf.tidy(() => {
      const grad = tf.grad((v) => tf.sum(tf.square(tf.sub(v, 3))))(w);
      return tf.sub(w, tf.mul(grad, rate));
    });
    w.dispose();
    await running.sync();
    return next;
  }

  test('a loop whose numbers change compiles once', async () => {
    let w: tf.Tensor = tf.tensor1d([0, 10]);
    w = await step(w, 0.1);
    const stats = await counted(async () => {
      for (let k = 0; k < 30; k++) w = await step(w, 0.1 + k / 1000);
    });
    expect(stats).toMatchObject({ runs: 30, hits: 30, compiles: 0 });
    for (const value of await w.data()) expect(value).toBeCloseTo(3, 2);
    w.dispose();
  });

  test('other shapes, attributes, wiring or results are other graphs', async () => {
    const [a, b] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
    const compiles = async (body: () => tf.Tensor[]): Promise<number> => {
      const { compiles } = await counted(async () => {
        const made = tf.tidy(body);
        await running.sync();
        tf.dispose(made);
      });
      return compiles!;
    };
    const programs: (() => tf.Tensor[])[] = [
      () => [tf.sub(tf.mul(a, 5), b)],
      () => [tf.sub(b, tf.mul(a, 5))],
      () => [tf.sub(tf.mul(a, 5), a)],
      () => [tf.sub(tf.mul(tf.concat([a, b]), 5), 1)],
      () => [tf.cumsum(a, 0, true)],
      () => [tf.cumsum(a, 0, false)],
      () => {
        const m = tf.mul(a, 5);
        return [m, tf.sub(m, b)];
      },
    ];
    for (const program of programs) expect(await compiles(program)).toBe(1);
    for (const program of programs) expect(await compiles(program)).toBe(0);
    tf.dispose([a, b]);
  });

  test('infinite attributes are told apart', async () => {
    const x = tf.tensor1d([1]);
    const pad = async (value: number): Promise<number[]> => {
      const y = tf.pad(x, [[1, 0]], value);
      const values = [...(await y.data())];
      y.dispose();
      return values;
    };
    expect(await pad(Infinity)).toEqual([Infinity, 1]);
    expect(await pad(-Infinity)).toEqual([-Infinity, 1]);
    x.dispose();
  });
});

describe('the fallback', () => {
  test('a kernel without a lowering runs on the host, and is counted', async () => {
    const x = tf.randomUniform([1, 3, 3, 2]) as tf.Tensor4D;
    const stats = await counted(async () => {
      const y = tf.tidy(() => tf.relu(tf.localResponseNormalization(tf.mul(x, 2) as tf.Tensor4D)));
      expect(y.shape).toEqual([1, 3, 3, 2]);
      await y.data();
      y.dispose();
    });
    expect(stats).toMatchObject({ fallbacks: 1, runs: 2 });
    x.dispose();
  });

  test('kernels whose result has a shape of its values want their inputs computed', async () => {
    const x = tf.tensor1d([3, 1, 3]);
    const known = tf.unique(x);
    expect([...(await known.values.data())]).toEqual([3, 1]);
    const pending = tf.mul(x, 2);
    expect(await codeOf(() => tf.unique(pending))).toBe('no-sync-read');
    await running.sync();
    const later = tf.unique(pending);
    expect([...(await later.values.data())]).toEqual([6, 2]);
    tf.dispose([x, pending, ...Object.values(known), ...Object.values(later)]);
  });
});

describe('refusals', () => {
  test('reading synchronously', async () => {
    const x = tf.tensor1d([1]);
    const y = tf.neg(x);
    expect(await codeOf(() => y.dataSync())).toBe('no-sync-read');
    // Not by chance either, once its numbers happen to be there.
    await y.data();
    expect(await codeOf(() => y.dataSync())).toBe('no-sync-read');
    // What came from JavaScript needs no computing.
    expect([...x.dataSync()]).toEqual([1]);
    tf.dispose([x, y]);
  });

  test('using a disposed tensor', async () => {
    const x = tf.tensor1d([1]);
    x.dispose();
    expect(await codeOf(() => tf.neg(x))).toBe('tensor-disposed');
  });

  test('mixing backends', async () => {
    await tf.setBackend('cpu');
    const foreign = tf.tensor1d([1, 2]);
    await tf.setBackend('onnx');
    expect(await codeOf(() => tf.neg(foreign))).toBe('backend-mixed');
    foreign.dispose();
  });

  test('complex numbers', async () => {
    expect(await codeOf(() => tf.complex([1], [2]))).toBe('unsupported-op');
  });

  test('a graph that fails names the kernel and its shapes, and so does everything that depended on it', async () => {
    const table = tf.tensor2d([[1, 2, 3]]);
    const outside = tf.tensor1d([7], 'int32');
    const row = tf.gather(table, outside);
    const dependent = tf.neg(row);
    await expect(row.data()).rejects.toThrow(/GatherV2\(x: f\[1,3\], indices: i\[1\]\)/);
    expect(await codeOf(() => dependent.data())).toBe('backend-failed');
    const later = tf.neg(dependent);
    expect(await codeOf(() => later.data())).toBe('backend-failed');
    // The backend itself goes on.
    const fine = tf.neg(table);
    expect([...(await fine.data())]).toEqual([-1, -2, -3]);
    tf.dispose([table, outside, row, dependent, later, fine]);
  });

  test('more memory than there is', async () => {
    // 256 TB: more than a process can address, so that no system grants it.
    const column = tf.zeros([8e6, 1]);
    const row = tf.zeros([1, 8e6]);
    const table = tf.add(column, row);
    const error: unknown = await table.data().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'out-of-memory' });
    expect(String(error)).toMatch(/f\[8000000,8000000\].*smaller batch/s);
    const fine = tf.neg(tf.tensor1d([1]));
    expect([...(await fine.data())]).toEqual([-1]);
    tf.dispose([column, row, table, fine]);
  });
});

describe('memory', () => {
  test('a training loop leaves nothing behind', async () => {
    let w: tf.Tensor = tf.zeros([4, 4]);
    const once = async (): Promise<void> => {
      const next = tf.tidy(() => tf.sub(w, tf.mul(tf.grad((v) => tf.sum(tf.square(v)))(w), 0.1)));
      w.dispose();
      w = next;
      await running.sync();
    };
    await once();
    const before = tf.memory();
    for (let k = 0; k < 20; k++) await once();
    expect(tf.memory()).toMatchObject({
      numTensors: before.numTensors,
      numDataBuffers: before.numDataBuffers,
      numBytes: before.numBytes,
      unreliable: false,
    });
    expect(tf.backend().numDataIds()).toBe(before.numDataBuffers);
    w.dispose();
  });

  test('a tensor disposed while it is being read is still read', async () => {
    const x = tf.tensor1d([2]);
    const y = tf.square(x);
    const reading = y.data();
    tf.dispose([x, y]);
    expect([...(await reading)]).toEqual([4]);
  });
});

describe('the adapter', () => {
  test('probing has no side effects and says what it found', async () => {
    const probe = await createOnnxBackend({ provider: 'cuda' }).probe();
    if (!probe.ok) expect(probe.reason).toMatch(/cuda/i);
    expect(await onnx.probe()).toMatchObject({ ok: true });
  });

  test('it is told how many threads to take, and says what last digits follow', async () => {
    expect(running.facts()).toEqual({
      runtime: '1.30.0',
      provider: 'cpu',
      threads: availableParallelism(),
      instructions: expect.stringMatching(/\S/) as string,
    });
    const alone = await startBackend(onnx, { threads: 1 });
    expect(alone.facts()).toEqual({ ...running.facts(), threads: 1 });
    // Starting again without a wish changes nothing.
    expect((await startBackend(onnx)).facts()).toEqual(alone.facts());
    for (const threads of [0, 1.5, -1, Number.NaN])
      expect(await codeOf(() => startBackend(onnx, { threads }))).toBe('bad-argument');
    running = await startBackend(onnx, { threads: availableParallelism() });
  });

  test('the same number of threads gives the same digits', async () => {
    const image = new Draw(1);
    const { values } = random(image, [8, 16, 16, 32]);
    const kernel = random(image, [3, 3, 32, 32]).values;
    const digits = async (threads: number): Promise<Float32Array> => {
      running = await startBackend(onnx, { threads });
      const y = tf.tidy(() => {
        const x = tf.tensor4d([...values], [8, 16, 16, 32]);
        const w = tf.tensor4d([...kernel], [3, 3, 32, 32]);
        return tf.grad((v: tf.Tensor) => tf.sum(tf.square(tf.conv2d(x, v as tf.Tensor4D, 1, 'same'))))(w);
      });
      const read = (await y.data()) as Float32Array;
      y.dispose();
      return read;
    };
    for (const threads of [1, 2]) expect(await digits(threads)).toEqual(await digits(threads));
    running = await startBackend(onnx, { threads: availableParallelism() });
  });

  test('a kernel that a package registers for cpu later runs here too', async () => {
    tf.registerKernel({
      kernelName: 'TwiceForATest',
      backendName: 'cpu',
      kernelFunc: ({ inputs, backend }) => {
        const x = inputs['x']!;
        const cpu = backend as unknown as { data: { get(id: object): { values: Float32Array } } };
        const doubled = cpu.data.get(x.dataId).values.map((v) => 2 * v);
        const { write } = backend as unknown as { write(...given: unknown[]): object };
        return { dataId: write.call(backend, doubled, x.shape, x.dtype), shape: x.shape, dtype: x.dtype };
      },
    });
    const twice = (x: tf.Tensor): tf.Tensor => tf.engine().runKernel('TwiceForATest', { x });
    const y = tf.tidy(() => tf.add(twice(tf.mul(tf.tensor1d([1, 2]), 10)), 1));
    expect([...(await y.data())]).toEqual([21, 41]);
    y.dispose();
  });

  test('dumpTo writes every model', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ma-net-onnx-'));
    tf.removeBackend('onnx');
    const dumping = await createOnnxBackend({ dumpTo: folder }).start();
    const y = tf.tidy(() => tf.add(tf.tensor1d([1]), 1));
    await y.data();
    y.dispose();
    expect(await readdir(folder)).toEqual(['graph-0.onnx']);
    tf.removeBackend('onnx');
    running = await onnx.start();
    expect(dumping.counters()).toMatchObject({ compiles: 1 });
  });

  test('profileTo leaves a profile of every graph that is released', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ma-net-onnx-'));
    tf.removeBackend('onnx');
    await createOnnxBackend({ profileTo: folder }).start();
    const y = tf.tidy(() => tf.add(tf.tensor1d([1]), 1));
    await y.data();
    y.dispose();
    tf.removeBackend('onnx');
    running = await onnx.start();
    const profiled = async (): Promise<string> => {
      const [file] = await readdir(folder);
      return readFile(join(folder, file!), 'utf8');
    };
    await expect.poll(profiled).toContain('"op_name" : "Add"');
  });
});
