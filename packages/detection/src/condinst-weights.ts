import { type HostTensor, type Network } from '@ma-net/core';
import type { Formats } from '@ma-net/tnet';
import { detectron2Backbone, type StartedDetector, withBody, withDetector } from './weights.ts';

/** How this program and AdelaiDet name the tensors of CondInst and BoxInst. */
const FORMATS: Formats = {
  'ma-net': { renamed: [], fused: [], ignored: [] },
  adelaidet: { renamed: detectron2Backbone(3, 3), fused: [], ignored: ['.num_batches_tracked'] },
};

/**
 * CondInst or BoxInst that starts from a file: of the whole network, as AdelaiDet or this program writes it, or of a
 * residual classifier for what it sees with, a pruned one too. What tells classes apart starts afresh where they are others.
 * Throws `network-mismatch` where the file has another architecture.
 */
export function withCondInstWeights<I extends string, O extends string>(
  network: Network<I, O>,
  file: Readonly<Record<string, HostTensor>>,
  where = 'a weight file',
): StartedDetector<I, O> {
  const whole = Object.keys(file).some((name) => name.endsWith('controller.weight'));
  return whole ? withDetector(network, file, where, FORMATS) : withBody(network, file, where);
}
