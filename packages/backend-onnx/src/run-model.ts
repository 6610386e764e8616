// Running an ONNX file, as a program that knows nothing of ours would.

import { MaNetError } from '@ma-net/core';
import { nameOf } from './read-metadata.ts';
import { loadRuntime, type Runtime } from './runtime.ts';

/** Numbers in JavaScript memory, row by row. */
export interface Numbers {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A model that is ready to be run, any number of times. */
export interface OnnxModel {
  /** Its outputs by name, of inputs by name. Throws `bad-file` where ONNX Runtime cannot run it. */
  run(inputs: Readonly<Record<string, Numbers>>): Promise<Record<string, Numbers>>;
  /** Frees it. */
  release(): Promise<void>;
}

/**
 * Opens the model in a file, or in its bytes, with ONNX Runtime. `where` names bytes in errors. Throws `bad-file` where
 * that cannot be.
 */
export async function openOnnx(file: string | Uint8Array, where = nameOf(file)): Promise<OnnxModel> {
  const { InferenceSession, Tensor } = (await loadRuntime()).runtime;
  const session = await refusing(where, () =>
    // One signature takes a path, another bytes.
    InferenceSession.create(file as string, { logSeverityLevel: 4 }),
  );
  return {
    run: (inputs) =>
      refusing(where, async () => {
        const feeds = Object.entries(inputs).map(
          ([name, { data, shape }]) => [name, new Tensor('float32', data, shape)] as const,
        );
        const found = await session.run(Object.fromEntries(feeds));
        return Object.fromEntries(
          Object.entries(found).map(([name, t]) => {
            const { data, dims } = t as InstanceType<Runtime['Tensor']>;
            return [name, { data: data as Float32Array, shape: dims }];
          }),
        );
      }),
    release: () => session.release(),
  };
}

/** The outputs of the model in the file, by name. Throws `bad-file` where ONNX Runtime cannot open or run it. */
export async function runOnnx(
  path: string,
  inputs: Readonly<Record<string, Numbers>>,
): Promise<Record<string, Numbers>> {
  const model = await openOnnx(path);
  try {
    return await model.run(inputs);
  } finally {
    await model.release();
  }
}

async function refusing<T>(where: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new MaNetError('bad-file', `ONNX Runtime cannot run this model: ${text.split('\n')[0]!}`, {
      where,
      hint: 'see that it is a whole .onnx file, with the inputs that it is given.',
      cause,
    });
  }
}
