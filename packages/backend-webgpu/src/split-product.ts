// c = a^T b over a long common axis. A product with few results and a long sum has too few results to fill
// a GPU, so the sum is split into slices that are added afterwards, in a fixed order: the same numbers give
// the same bits, which tfjs's own split (atomic additions) does not promise.
//
// c is [M, N], the common axis P; a is anything that can be read at (p, m), b at (p, n).

import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';

export interface SplitProduct {
  readonly m: number;
  readonly n: number;
  readonly p: number;
  /** What `readA` and `readB` may use: arrays under these names. */
  readonly operands: Readonly<Record<string, TensorInfo>>;
  /** WGSL functions `readA(p: i32, m: i32) -> f32` and `readB(p: i32, n: i32) -> f32`. */
  readonly readers: string;
  /** Numbers for the readers, as `uniforms.<name>`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** Names the readers: the same name, the same WGSL. */
  readonly key: string;
}

/** Side of the square of results of one workgroup, and how much of the sum it keeps near. */
const TILE = 32;
const DEPTH = 16;
const WORKGROUP = 8;
const EACH = TILE / WORKGROUP;
/** Enough workgroups for a large GPU, and slices long enough to be worth a result. */
const WORKGROUPS = 512;
const LEAST_SLICE = 256;

/** How many slices the sum is split into. It depends on the sizes only, never on the device. */
export function slicesOf({ m, n, p }: Pick<SplitProduct, 'm' | 'n' | 'p'>): number {
  const tiles = Math.ceil(m / TILE) * Math.ceil(n / TILE);
  return Math.max(1, Math.min(Math.ceil(WORKGROUPS / tiles), Math.floor(p / LEAST_SLICE)));
}

/** The product as a tensor of `shape`, which has M N numbers. */
export function splitProduct(backend: WebGPUBackend, product: SplitProduct, shape: number[]): TensorInfo {
  const { m, n, p, uniforms } = product;
  const slices = slicesOf(product);
  const steps = Math.ceil(Math.ceil(p / slices) / DEPTH);
  const numbers = { ...uniforms, rows: m, columns: n, depth: p, steps };
  const partial = backend.runWebGPUProgram(
    partialProducts(product, slices === 1 ? shape : [slices, m, n], slices, Object.keys(numbers)),
    Object.values(product.operands),
    'float32',
    Object.values(numbers).map((value) => ({ type: 'int32', data: [value] })),
  );
  return slices === 1 ? partial : addSlices(backend, partial, slices, shape);
}

/** The sum, in order, of the slices that a tensor [slices, ...] consists of; disposes it. */
function addSlices(backend: WebGPUBackend, partial: TensorInfo, slices: number, shape: number[]): TensorInfo {
  const size = util.sizeFromShape(shape);
  const uniforms = [{ type: 'int32', data: [slices] }];
  const sum = backend.runWebGPUProgram(sumOfSlices(shape, size), [partial], 'float32', uniforms);
  backend.disposeData(partial.dataId);
  return sum;
}

function partialProducts(
  { m, n, operands, readers, key }: SplitProduct,
  outputShape: number[],
  slices: number,
  uniforms: readonly string[],
): WebGPUProgram {
  return {
    outputShape,
    variableNames: Object.keys(operands),
    uniforms: uniforms.map((name) => `${name} : i32,`).join(' '),
    shaderKey: `maNetSplitProduct_${key}`,
    workgroupSize: [WORKGROUP, WORKGROUP, 1],
    dispatchLayout: { x: [0], y: [1], z: [2] },
    dispatch: [Math.ceil(m / TILE), Math.ceil(n / TILE), slices],
    getUserCode: () => `
${readers}

var<workgroup> nearA : array<array<f32, ${TILE}>, ${DEPTH}>;
var<workgroup> nearB : array<array<f32, ${TILE}>, ${DEPTH}>;

fn main() {
  let firstRow = i32(workgroupId.x) * ${TILE};
  let firstColumn = i32(workgroupId.y) * ${TILE};
  let row = i32(localId.x) * ${EACH};
  let column = i32(localId.y) * ${EACH};
  var sums : array<vec4<f32>, ${EACH}>;
  for (var step = 0; step < uniforms.steps; step++) {
    let first = (i32(workgroupId.z) * uniforms.steps + step) * ${DEPTH};
    for (var i = i32(localIndex); i < ${TILE * DEPTH}; i += ${WORKGROUP * WORKGROUP}) {
      let p = first + i / ${TILE};
      let lane = i % ${TILE};
      var a = 0.0;
      var b = 0.0;
      if (p < uniforms.depth) {
        if (firstRow + lane < uniforms.rows) { a = readA(p, firstRow + lane); }
        if (firstColumn + lane < uniforms.columns) { b = readB(p, firstColumn + lane); }
      }
      nearA[i / ${TILE}][lane] = a;
      nearB[i / ${TILE}][lane] = b;
    }
    workgroupBarrier();
    for (var k = 0; k < ${DEPTH}; k++) {
      let b = vec4<f32>(nearB[k][column], nearB[k][column + 1], nearB[k][column + 2], nearB[k][column + 3]);
      for (var r = 0; r < ${EACH}; r++) { sums[r] = fma(vec4<f32>(nearA[k][row + r]), b, sums[r]); }
    }
    workgroupBarrier();
  }
  for (var r = 0; r < ${EACH}; r++) {
    for (var c = 0; c < ${EACH}; c++) {
      let m = firstRow + row + r;
      let n = firstColumn + column + c;
      if (m < uniforms.rows && n < uniforms.columns) {
        result[(i32(workgroupId.z) * uniforms.rows + m) * uniforms.columns + n] = sums[r][c];
      }
    }
  }
}`,
  };
}

function sumOfSlices(outputShape: number[], size: number): WebGPUProgram {
  return {
    outputShape,
    variableNames: ['parts'],
    uniforms: 'slices : i32,',
    shaderKey: 'maNetAddSlices',
    workgroupSize: [64, 1, 1],
    dispatchLayout: { x: outputShape.map((_, axis) => axis) },
    dispatch: [Math.ceil(size / 64), 1, 1],
    size: true,
    getUserCode: () => `
fn main(index : i32) {
  if (index < uniforms.size) {
    var sum = 0.0;
    for (var slice = 0; slice < uniforms.slices; slice++) { sum += parts[slice * uniforms.size + index]; }
    result[index] = sum;
  }
}`,
  };
}
