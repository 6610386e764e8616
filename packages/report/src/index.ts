export { type Curve, curvesFigure, type CurvesOptions, type Phase, type Point } from './curves.ts';
export { escaped } from './escape.ts';
export {
  type GateHistogram,
  gateHistograms,
  type Gates,
  gatesFigure,
  kernelMapFigure,
  modulationOf,
} from './gates.ts';
export { type Figure, methodRows, reportFigures } from './figures.ts';
export { type KeptRounds, type LayerLeft, layersFigure, type Left, roundsFigure } from './layers.ts';
export { type MethodRow, methodsFigure, type MethodsOptions, methodsTable } from './methods.ts';
export { htmlPage, type PageOptions, reportPage } from './page.ts';
export type { RunInside, RunRecord } from './record.ts';
export { standalone, type Theme, themeCss } from './theme.ts';
