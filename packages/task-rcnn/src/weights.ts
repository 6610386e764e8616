// Weights of other libraries' Faster R-CNN, by their names.

import type { Network } from '@ma-net/core';
import { BODY, detectron2Backbone, type StartedDetector, withBody, withDetector } from '@ma-net/detection';
import type { Format, Formats, HostTensors } from '@ma-net/tnet';

type Names = readonly (readonly [ours: string, theirs: string])[];

const format = (renamed: Names): Format => ({ renamed, fused: [], ignored: ['.num_batches_tracked'] });

const mmdetection: Names = [
  [`${BODY}**`, 'backbone.**'],
  ['backbone.fpn.inner_blocks.*.0.**', 'neck.lateral_convs.*.conv.**'],
  ['backbone.fpn.layer_blocks.*.0.**', 'neck.fpn_convs.*.conv.**'],
  ['rpn.head.conv.0.0.**', 'rpn_head.rpn_conv.**'],
  ['rpn.head.cls_logits.**', 'rpn_head.rpn_cls.**'],
  ['rpn.head.bbox_pred.**', 'rpn_head.rpn_reg.**'],
  ['roi_heads.box_head.fc6.**', 'roi_head.bbox_head.shared_fcs.0.**'],
  ['roi_heads.box_head.fc7.**', 'roi_head.bbox_head.shared_fcs.1.**'],
  ['roi_heads.box_predictor.cls_score.**', 'roi_head.bbox_head.fc_cls.**'],
  ['roi_heads.box_predictor.bbox_pred.**', 'roi_head.bbox_head.fc_reg.**'],
];

const detectron2: Names = [
  ...detectron2Backbone(2, 4),
  ['rpn.head.conv.0.0.**', 'proposal_generator.rpn_head.conv.**'],
  ['rpn.head.cls_logits.**', 'proposal_generator.rpn_head.objectness_logits.**'],
  ['rpn.head.bbox_pred.**', 'proposal_generator.rpn_head.anchor_deltas.**'],
  ['roi_heads.box_head.fc6.**', 'roi_heads.box_head.fc1.**'],
  ['roi_heads.box_head.fc7.**', 'roi_heads.box_head.fc2.**'],
];

/** Before there were several layers in it, torchvision's first layer had a name of its own. */
const torchvision: Format = {
  ...format([]),
  older: [['rpn.head.conv.0.0.*', 'rpn.head.conv.*']],
};

export const rcnnFormats: Formats = {
  torchvision,
  detectron2: format(detectron2),
  mmdetection: format(mmdetection),
};

/**
 * The network, started from weights: of a whole Faster R-CNN with the names of torchvision, detectron2 or mmdetection,
 * whose head starts afresh where it tells other classes apart; or of a classifier, for its body alone, which keeps the
 * widths that pruning left. Throws `network-mismatch` for the weights of another architecture.
 */
export function withRcnnWeights<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where?: string,
): StartedDetector<I, O> {
  const whole = Object.keys(file).some((name) =>
    /(^|\.)(fpn|neck|rpn|rpn_head|proposal_generator|roi_heads?)[._]/.test(name),
  );
  return whole ? withDetector(network, file, where, rcnnFormats) : withBody(network, file, where);
}
