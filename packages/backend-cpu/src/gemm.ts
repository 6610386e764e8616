// Matrix products in plain JavaScript: both factors are packed into panels of four, in double precision, and
// a 4 x 4 tile of sums stays in registers (Goto & van de Geijn 2008, "Anatomy of high-performance matrix
// multiplication", without the assembly).

/** A matrix inside an array: element (i, j) lies at offset + i * row + j * column. */
export interface Matrix {
  readonly data: ArrayLike<number>;
  readonly offset: number;
  readonly row: number;
  readonly column: number;
}

const TILE = 4;
/** Depth of a block: two panels of 4 x 256 doubles fit the first-level cache. */
const DEPTH = 256;

let packedB = new Float64Array(0);
const packedA = new Float64Array(TILE * DEPTH);
const tile = new Float64Array(TILE * TILE);

/** c += a b for a [m, k], b [k, n] and a dense row-major c [m, n] that starts at `start`. */
export function addProduct(
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  c: Float32Array,
  start = 0,
): void {
  const width = Math.ceil(n / TILE) * TILE;
  if (packedB.length < width * DEPTH) packedB = new Float64Array(width * DEPTH);
  for (let first = 0; first < k; first += DEPTH) {
    const depth = Math.min(DEPTH, k - first);
    for (let j = 0; j < n; j += TILE)
      pack(
        b.data,
        b.offset + first * b.row + j * b.column,
        b.row,
        b.column,
        depth,
        n - j,
        packedB,
        j * depth,
      );
    for (let i = 0; i < m; i += TILE) {
      pack(a.data, a.offset + i * a.row + first * a.column, a.column, a.row, depth, m - i, packedA, 0);
      const rows = Math.min(TILE, m - i);
      for (let j = 0; j < n; j += TILE) {
        multiplyPanels(depth, packedB, j * depth);
        addTile(c, start + i * n + j, n, rows, Math.min(TILE, n - j));
      }
    }
  }
}

/** Writes a panel: four neighbouring lanes per step of depth, with zeros for lanes that do not exist. */
function pack(
  data: ArrayLike<number>,
  offset: number,
  step: number,
  lane: number,
  depth: number,
  lanes: number,
  to: Float64Array,
  at: number,
): void {
  if (lanes >= TILE) {
    for (let p = 0, from = offset, o = at; p < depth; p++, from += step, o += TILE) {
      to[o] = data[from]!;
      to[o + 1] = data[from + lane]!;
      to[o + 2] = data[from + 2 * lane]!;
      to[o + 3] = data[from + 3 * lane]!;
    }
    return;
  }
  for (let p = 0, from = offset, o = at; p < depth; p++, from += step, o += TILE) {
    for (let l = 0; l < TILE; l++) to[o + l] = l < lanes ? data[from + l * lane]! : 0;
  }
}

/** tile = packedA^T packedB over `depth` steps; the second panel starts at `at`. */
function multiplyPanels(depth: number, b: Float64Array, at: number): void {
  const a = packedA;
  let c00 = 0;
  let c01 = 0;
  let c02 = 0;
  let c03 = 0;
  let c10 = 0;
  let c11 = 0;
  let c12 = 0;
  let c13 = 0;
  let c20 = 0;
  let c21 = 0;
  let c22 = 0;
  let c23 = 0;
  let c30 = 0;
  let c31 = 0;
  let c32 = 0;
  let c33 = 0;
  for (let p = 0, i = 0, j = at; p < depth; p++, i += TILE, j += TILE) {
    const b0 = b[j]!;
    const b1 = b[j + 1]!;
    const b2 = b[j + 2]!;
    const b3 = b[j + 3]!;
    const a0 = a[i]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    const a1 = a[i + 1]!;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    const a2 = a[i + 2]!;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    const a3 = a[i + 3]!;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  const t = tile;
  t[0] = c00;
  t[1] = c01;
  t[2] = c02;
  t[3] = c03;
  t[4] = c10;
  t[5] = c11;
  t[6] = c12;
  t[7] = c13;
  t[8] = c20;
  t[9] = c21;
  t[10] = c22;
  t[11] = c23;
  t[12] = c30;
  t[13] = c31;
  t[14] = c32;
  t[15] = c33;
}

function addTile(c: Float32Array, start: number, stride: number, rows: number, columns: number): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) c[start + i * stride + j]! += tile[i * TILE + j]!;
  }
}
