// Weights of FCOS in files: ours, and AdelaiDet's.

import type { Network } from '@ma-net/core';
import { detectron2Backbone, type StartedDetector, withBody, withDetector } from '@ma-net/detection';
import type { Format, Formats, HostTensors } from '@ma-net/tnet';

const format = (renamed: Format['renamed']): Format => ({
  renamed,
  fused: [],
  ignored: ['.num_batches_tracked'],
});

const FORMATS: Formats = {
  'ma-net': format([]),
  adelaidet: format([...detectron2Backbone(3, 3), ['fcos.**', 'proposal_generator.**']]),
};

/**
 * The network, started from weights: of a whole FCOS, as this program or AdelaiDet writes it, whose classes start afresh
 * where they are others; or of a residual classifier for the body, which keeps the widths that pruning left it. Throws
 * `network-mismatch` for the weights of another architecture.
 */
export function withFcosWeights<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where?: string,
): StartedDetector<I, O> {
  const whole = Object.keys(file).some((name) => name.endsWith('ctrness.weight'));
  return whole ? withDetector(network, file, where, FORMATS) : withBody(network, file, where);
}
