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
export { type PyramidLevel, roiAlign, type RoiAlignOptions, type Rois } from './roi-align.ts';
