export {
  type AnchorOptions,
  baseAnchors,
  gridAnchors,
  type GridOptions,
  gridPoints,
} from './anchors.ts';
export { assignRows } from './assignment.ts';
export {
  boxAreas,
  type Boxes,
  boxGiou,
  boxIou,
  centresOf,
  clipBoxes,
  cornersOf,
  countBoxes,
  overlap,
} from './boxes.ts';
export {
  decodeDeltas,
  decodeDistances,
  type DeltaOptions,
  encodeDeltas,
  encodeDistances,
  LARGEST_SCALING,
} from './coders.ts';
export { type LevelOptions, pyramidLevels } from './levels.ts';
export {
  binaryCrossEntropy,
  centerness,
  diceLoss,
  type DistanceOverlap,
  distanceOverlap,
  focalLoss,
  type FocalOptions,
  pairedGiou,
  smoothL1,
} from './losses.ts';
export {
  BACKGROUND,
  IGNORED,
  matchBoxes,
  type MatchOptions,
  type Sampled,
  sampleMatches,
  type SampleOptions,
} from './match.ts';
export { bySize, nms, type NmsOptions } from './nms.ts';
export { mapDense, type MapDenseOptions } from './map-dense.ts';
export { type RoiFeatureOptions, roiFeatures } from './roi-features.ts';
export {
  type PyramidLevel,
  roiAlign,
  type RoiAlignOptions,
  type RoiAlignPath,
  type Rois,
} from './roi-align.ts';
export {
  type FcosDetectionOptions,
  type FcosDetections,
  fcosDetections,
  type FcosHostLevel,
} from './fcos-detections.ts';
export { fcosHead, type FcosHeadOptions, type FcosLevel } from './fcos-head.ts';
export { fcosLosses, type FcosLosses, type FcosOutputs, type FcosTargetTensors } from './fcos-loss.ts';
export {
  FCOS_RANGES,
  type FcosLevelSize,
  type FcosObjects,
  type FcosTargetOptions,
  type FcosTargets,
  fcosTargets,
} from './fcos-targets.ts';
export { learnedScale } from './learned-scale.ts';
export {
  type BackboneOptions,
  BODY,
  type BodyOptions,
  frozenBackbone,
  pyramidBackbone,
  RESNET_50,
} from './backbone.ts';
export { startedFrom, type StartingWeights } from './started-from.ts';
export { detectron2Backbone, type StartedDetector, withBody, withDetector } from './weights.ts';
export { featurePyramid, type PyramidOptions } from './pyramid.ts';
export {
  NEIGHBOURS,
  pairwiseLoss,
  type PairwiseOptions,
  pairwiseTerms,
  projectionLoss,
} from './box-supervision.ts';
export { alignedUpsample } from './aligned-upsample.ts';
export {
  boxCells,
  cellColours,
  colourSimilarity,
  labOf,
  validCells,
} from './colour-similarity.ts';
export { condInstNetworkPart } from './condinst-part.ts';
export { withCondInstWeights } from './condinst-weights.ts';
export {
  condInst,
  CONDINST_LEVELS,
  condInstBoxLosses,
  condInstDetections,
  condInstHead,
  type CondInstHeadOptions,
  condInstLevels,
  condInstMasks,
  type CondInstOptions,
  meanOfReal,
} from './condinst.ts';
export {
  type HostFeatures,
  type HostInstance,
  instanceLogits,
  maskAtSize,
  maskProbabilities,
  type MaskSizes,
} from './instance-masks.ts';
export {
  bestOfEach,
  instanceTargets,
  type InstanceTargetOptions,
  type ObjectsOfBatch,
  type Positive,
  someOf,
} from './instance-targets.ts';
export {
  maskBranch,
  type MaskBranchOptions,
  semanticHead,
  type SemanticHeadOptions,
  semanticLabels,
  semanticLoss,
} from './mask-branch.ts';
export {
  alignedBilinear,
  dynamicLayers,
  dynamicMasks,
  type DynamicMaskOptions,
  dynamicParameters,
  type Instances,
  relativeCoordinates,
} from './dynamic-masks.ts';
export { shownDetections } from './shown.ts';
export { type CocoKind, cocoMeter } from './coco-meter.ts';
export { type Detections, type ImageSize, originalBoxes } from './detections.ts';
