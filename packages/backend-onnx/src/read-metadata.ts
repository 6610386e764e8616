import { readFile } from 'node:fs/promises';
import { MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';

/**
 * What an ONNX file says about itself: its metadata, by name. Throws `not-found` and `file-failed`, and `bad-file` for
 * what is no ONNX file.
 */
export async function onnxMetadata(path: string): Promise<ReadonlyMap<string, string>> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  const [{ fromBinary }, { ModelProtoSchema }] = await Promise.all([
    import('@bufbuild/protobuf'),
    import('onnx-buf'),
  ]);
  const refuse = (why: string, cause?: unknown): MaNetError =>
    new MaNetError('bad-file', `This is not an ONNX model: ${why}.`, {
      where: path,
      hint: 'see that it is a whole .onnx file.',
      cause,
    });
  const read = () => {
    try {
      return fromBinary(ModelProtoSchema, bytes);
    } catch (cause) {
      throw refuse(cause instanceof Error ? cause.message : String(cause), cause);
    }
  };
  const { graph, metadataProps } = read();
  if (graph === undefined) throw refuse('it has no graph');
  return new Map(metadataProps.map(({ key = '', value = '' }) => [key, value]));
}
