import { MaNetError } from '@ma-net/core';
import { readModel } from '#platform';

/**
 * What an ONNX file, or its bytes, says about itself: its metadata, by name. `where` names bytes in errors. Throws
 * `not-found` and `file-failed`, and `bad-file` for what is no ONNX file.
 */
export async function onnxMetadata(
  file: string | Uint8Array,
  where = nameOf(file),
): Promise<ReadonlyMap<string, string>> {
  const bytes = typeof file === 'string' ? await readModel(file) : file;
  const [{ fromBinary }, { ModelProtoSchema }] = await Promise.all([
    import('@bufbuild/protobuf'),
    import('onnx-buf'),
  ]);
  const refuse = (why: string, cause?: unknown): MaNetError =>
    new MaNetError('bad-file', `This is not an ONNX model: ${why}.`, {
      where,
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

/** What errors call a file. */
export const nameOf = (file: string | Uint8Array): string =>
  typeof file === 'string' ? file : 'an ONNX model in memory';
