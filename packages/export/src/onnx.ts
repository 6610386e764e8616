// ONNX files.

import { openOnnx } from '@ma-net/backend-onnx';
import { writeFileAtomic } from '@ma-net/core/node';
import { beginning } from './beginning.ts';
import { type Format, signatureOf } from './format.ts';
import { ask, encodeOnnx, openGraph } from './onnx-bytes.ts';

export const onnx: Format = {
  extension: '.onnx',
  takesPixels: true,
  hasOperatorSets: true,
  // Field 1 is the version of the format, field 2 the producer.
  wrote: (path) => beginning(path, 32).includes('\x12\x06ma-net'),

  async write(path, trained, facts, options) {
    await writeFileAtomic(path, await encodeOnnx(trained, facts, options));
    return signatureOf(trained.network, facts, options.pixels);
  },

  open: (path) => openGraph(path, path),

  async run(path, inputs) {
    const model = await openOnnx(path);
    try {
      return await ask(model, inputs);
    } finally {
      await model.release();
    }
  },
};
