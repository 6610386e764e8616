// What a network says of photographs, whatever it was trained for.

import {
  type HostBatch,
  type HostTensor,
  lookAt,
  MaNetError,
  readParams,
  type Shown,
  uploadParams,
} from '@ma-net/core';
import { type EncodedPicture, type PictureInput, pictureInput } from '@ma-net/data';
import type { Predictor } from '@ma-net/run/node';
import * as tf from '@tensorflow/tfjs-core';

/** What it says of each photograph, in their order. Those of one shape are handed over at once. */
export async function askPhotos(
  predictor: Predictor,
  photos: readonly EncodedPicture[],
): Promise<readonly Shown[]> {
  const { facts, takesPixels: pixels, trained } = predictor;
  const how = { pixels, anyShape: trained !== undefined };
  const inputs = await Promise.all(photos.map((photo) => pictureInput(photo, facts, how)));
  const shapes = new Map<string, number[]>();
  for (const [i, { shape }] of inputs.entries())
    shapes.set(shape.join(), [...(shapes.get(shape.join()) ?? []), i]);
  const shown = new Array<Shown>(photos.length);
  for (const places of shapes.values()) {
    const batch = batchOf(places.map((i) => inputs[i]!));
    const said = await askBatch(predictor, batch);
    for (const [b, i] of places.entries()) shown[i] = said[b]!;
  }
  return shown;
}

/** What it says of each image of a batch, as data give them. */
export async function askBatch(predictor: Predictor, batch: HostBatch): Promise<readonly Shown[]> {
  const { task } = predictor;
  const predictions = task.decode(await outputsOf(predictor, batch), batch);
  return predictions.map((prediction) => task.show?.(prediction) ?? {});
}

/** What the network says of a batch, and what was decided between two looks. Throws `bad-argument` for a graph of two. */
async function outputsOf({ run, task, trained }: Predictor, host: HostBatch): Promise<HostBatch> {
  const batch = uploadParams(host);
  try {
    if (trained !== undefined) {
      const { outputs, decided, owned } = await lookAt(task, trained, batch);
      const read = await readParams(outputs);
      tf.dispose(owned as unknown as tf.TensorContainer);
      return { ...read, ...decided };
    }
    if (task.look === undefined) return await run(await readParams(task.inputs(batch)));
  } finally {
    tf.dispose(batch as tf.TensorContainer);
  }
  throw new MaNetError('bad-argument', 'A graph looks once, and this network looks twice.', {
    where: `the task "${task.name}"`,
    hint: 'pass the run, or its safetensors file.',
  });
}

/** As data give them: images, and of each its place, and its size here and of itself. */
function batchOf(inputs: readonly PictureInput[]): Record<string, HostTensor> {
  const count = inputs.length;
  const [{ shape }] = inputs as [PictureInput];
  const images = new Float32Array(inputs.reduce((sum, { data }) => sum + data.length, 0));
  inputs.forEach(({ data }, i) => images.set(data, i * data.length));
  const int = (axes: readonly number[], values: readonly number[]): HostTensor => ({
    shape: axes,
    dtype: 'int32',
    data: Int32Array.from(values),
  });
  return {
    images_BHWC: { shape: [count, ...shape], dtype: 'float32', data: images },
    sizes_B2: int(
      [count, 2],
      inputs.flatMap(({ picture }) => [picture.height, picture.width]),
    ),
    originals_B2: int(
      [count, 2],
      inputs.flatMap(({ original }) => [...original]),
    ),
    indices_B: int([count], [...inputs.keys()]),
  };
}
