// Running an ONNX file, as a program that knows nothing of ours would.

import { MaNetError } from '@ma-net/core';
import { loadRuntime } from './runtime.ts';

/** Numbers in JavaScript memory, row by row. */
export interface Numbers {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** The outputs of the model in the file, by name. Throws `bad-file` where ONNX Runtime cannot open or run it. */
export async function runOnnx(
  path: string,
  inputs: Readonly<Record<string, Numbers>>,
): Promise<Record<string, Numbers>> {
  const { InferenceSession, Tensor } = (await loadRuntime()).runtime;
  try {
    const session = await InferenceSession.create(path, { logSeverityLevel: 4 });
    const feeds = Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      new Tensor('float32', data, shape),
    ]);
    const found = await session.run(Object.fromEntries(feeds) as Record<string, InstanceType<typeof Tensor>>);
    await session.release();
    return Object.fromEntries(
      Object.entries(found).map(([name, t]) => {
        const { data, dims } = t as InstanceType<typeof Tensor>;
        return [name, { data: data as Float32Array, shape: dims }];
      }),
    );
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new MaNetError('bad-file', `ONNX Runtime cannot run this model: ${text.split('\n')[0]!}`, {
      where: path,
      hint: 'see that it is a whole .onnx file, with the inputs that it is given.',
      cause,
    });
  }
}
