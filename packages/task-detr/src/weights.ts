// Detection transformers that start from weights: of the public code, of one of ours, or of a classifier.

import { type HostTensor, type Network, named } from '@ma-net/core';
import { BODY, withBody, withDetector } from '@ma-net/detection';
import type { Format, HostTensors, WeightReport } from '@ma-net/tnet';

const layer = 'transformer.*.layers.*';
const projections = (attention: string, end: string): string[] =>
  ['q', 'k', 'v'].map((part) => `${layer}.${attention}.${part}.${end}`);

/** Names of the public code of DETR and of the weights that were published with it. */
export const publicNames: Format = {
  renamed: [[`${BODY}**`, 'backbone.0.body.**']],
  fused: ['self_attn', 'multihead_attn'].flatMap((attention) =>
    ['weight', 'bias'].map(
      (end) => [projections(attention, end), `${layer}.${attention}.in_proj_${end}`] as const,
    ),
  ),
  ignored: ['.num_batches_tracked'],
};
const ourNames: Format = { renamed: [], fused: [], ignored: [] };

/** What a network started from. */
export interface StartedDetr<I extends string, O extends string> {
  readonly network: Network<I, O>;
  readonly report: WeightReport;
}

/**
 * The network, whose `init` starts from the tensors of a file: those of DETR, under the names of the public code or ours,
 * or those of a classifier, for what it sees with. Weights for the 91 ids of COCO serve a network for its 80 classes:
 * their rows are chosen. Another list of classes starts afresh. Throws `network-mismatch` with the differences when the
 * file belongs to another network.
 */
export function withDetrWeights<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where?: string,
): StartedDetr<I, O> {
  if (!Object.keys(file).some((name) => name.endsWith('query_embed.weight')))
    return withBody(network, file, where);
  return withDetector(network, withClassesOf(network, file), where, { detr: publicNames, ours: ourNames });
}

/** Numbers below 91 that are no id of a class of COCO. */
const UNUSED_IDS = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];
const IDS = 91;

/** The rows of the classes that the network tells apart, and of no object, where the file has one for each id of COCO. */
function withClassesOf({ outputs }: Pick<Network<never, string>, 'outputs'>, file: HostTensors): HostTensors {
  const width = outputs.find(({ name }) => name === 'logits')?.shape.at(-1);
  const rows = [...Array(IDS + 1).keys()].filter((id) => !UNUSED_IDS.includes(id));
  if (width !== rows.length) return file;
  return named(
    Object.entries(file).map(([name, tensor]) => [
      name,
      /(^|\.)class_embed\.(weight|bias)$/.test(name) && tensor.shape[0] === IDS + 1
        ? rowsOf(tensor, rows)
        : tensor,
    ]),
  );
}

function rowsOf({ shape, data, ...rest }: HostTensor, rows: readonly number[]): HostTensor {
  const size = data.length / shape[0]!;
  const chosen = Float32Array.from({ length: rows.length * size }, (_, i) => {
    return data[rows[Math.floor(i / size)]! * size + (i % size)]!;
  });
  return { ...rest, shape: [rows.length, ...shape.slice(1)], data: chosen } as HostTensor;
}
