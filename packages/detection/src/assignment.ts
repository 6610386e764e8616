// The assignment of least cost (Kuhn 1955): shortest augmenting paths with potentials (Jonker and Volgenant 1987).

import { MaNetError } from '@ma-net/core';

/**
 * Gives every row of `costs` [rows, columns] a column of its own, so that the sum of their costs is the least: the
 * column of each row [rows]. Needs at least as many columns as rows. O(rows^2 * columns). Throws `bad-argument` for
 * more rows than columns, and `non-finite` for costs that are not numbers.
 */
export function assignRows(costs: ArrayLike<number>, rows: number, columns: number): Int32Array<ArrayBuffer> {
  refuse(costs, rows, columns);
  // Indices from 1; row 0 is the one that is being placed, column 0 where its path begins.
  const rowOf = new Int32Array(columns + 1);
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    rowOf[0] = row;
    const distance = new Float64Array(columns + 1).fill(Infinity);
    const before = new Int32Array(columns + 1);
    const settled = new Uint8Array(columns + 1);
    let column = 0;
    do {
      settled[column] = 1;
      const from = rowOf[column]!;
      let [least, next] = [Infinity, 0];
      for (let j = 1; j <= columns; j++) {
        if (settled[j] === 1) continue;
        const reduced = costs[(from - 1) * columns + j - 1]! - rowPotential[from]! - columnPotential[j]!;
        if (reduced < distance[j]!) {
          distance[j] = reduced;
          before[j] = column;
        }
        if (distance[j]! < least) [least, next] = [distance[j]!, j];
      }
      for (let j = 0; j <= columns; j++) {
        if (settled[j] === 1) {
          rowPotential[rowOf[j]!]! += least;
          columnPotential[j]! -= least;
        } else distance[j]! -= least;
      }
      column = next;
    } while (rowOf[column] !== 0);
    for (; column !== 0; column = before[column]!) rowOf[column] = rowOf[before[column]!]!;
  }
  const result = new Int32Array(rows);
  for (let j = 1; j <= columns; j++) if (rowOf[j]! > 0) result[rowOf[j]! - 1] = j - 1;
  return result;
}

function refuse(costs: ArrayLike<number>, rows: number, columns: number): void {
  if (rows > columns || costs.length !== rows * columns) {
    throw new MaNetError(
      'bad-argument',
      `${costs.length} costs were given for ${rows} rows and ${columns} columns; every row needs a column of its own.`,
      { hint: 'give one cost for each pair, and at least as many columns (queries) as rows (objects).' },
    );
  }
  for (let k = 0; k < costs.length; k++) {
    if (Number.isFinite(costs[k])) continue;
    throw new MaNetError(
      'non-finite',
      `The cost of row ${Math.floor(k / columns)}, column ${k % columns} is ${costs[k]}.`,
      {
        hint: 'lower the learning rate: the network gave outputs that are not numbers.',
      },
    );
  }
}
