import { allOf, type FastKernel, valuesOf } from './kernel.ts';

/** One pass over the rows; the stock kernel compares all rows with every segment. Sums in double precision. */
export const unsortedSegmentSum: FastKernel = (call) => {
  const [x, ids] = [call.inputs['x']!, call.inputs['segmentIds']!];
  if (!allOf(['float32'], x) || !allOf(['int32'], ids) || ids.shape.length !== 1) return undefined;
  const segments = Number(call.attrs['numSegments']);
  const [values, ofRow] = [valuesOf(call, x), valuesOf(call, ids)];
  const row = x.shape.slice(1);
  const width = row.reduce((a, b) => a * b, 1);
  const sums = new Float64Array(segments * width);
  for (let r = 0; r < ofRow.length; r++) {
    const segment = ofRow[r]!;
    // Rows of no segment are left out.
    if (segment < 0 || segment >= segments) continue;
    for (let c = 0; c < width; c++) sums[segment * width + c]! += values[r * width + c]!;
  }
  return call.backend.makeTensorInfo([segments, ...row], 'float32', Float32Array.from(sums));
};
