import type { Dataset } from '@ma-net/core';
import type { ImageSample } from '../sample.ts';
import { decodePhoto } from './decode.ts';

/** How many headers are read at a time. */
const AT_ONCE = 16;

/** The data set with the size of every image, from its header: what batches of several shapes are put together by. */
export async function measured(
  dataset: Dataset<ImageSample>,
): Promise<Dataset<ImageSample> & { sizeOf(index: number): readonly [height: number, width: number] }> {
  const sizes = new Uint32Array(2 * dataset.size);
  let next = 0;
  const walk = async (): Promise<void> => {
    while (next < dataset.size) {
      const index = next++;
      const { image, where } = await dataset.read(index);
      const { height, width } = image instanceof Uint8Array ? await decodePhoto(image, where) : image;
      sizes.set([height, width], 2 * index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walk));
  return { ...dataset, sizeOf: (index) => [sizes[2 * index]!, sizes[2 * index + 1]!] };
}
