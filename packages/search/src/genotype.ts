// What a search finds: which operations a cell consists of, as the field writes it down.

import { MaNetError, suggestion } from '@ma-net/core';
import type { OperationName } from './operations.ts';

/** An operation, and the node of the cell that it reads: 0 and 1 are the two cells before. */
export type Choice = readonly [operation: OperationName, input: number];

/** Cells of the DARTS space: two operations for each of the nodes 2 to 5, in their order. */
export interface DartsGenotype {
  readonly space: 'darts';
  readonly normal: readonly Choice[];
  readonly reduce: readonly Choice[];
}

/** A cell of NAS-Bench-201: the operations of the edges 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2. */
export interface NasBench201Genotype {
  readonly space: 'nas-bench-201';
  readonly cell: readonly OperationName[];
}

export type Genotype = DartsGenotype | NasBench201Genotype;
export type SpaceName = Genotype['space'];

/** The operations of each space, in the order of its authors. */
export const operationsOf = {
  darts: [
    'none',
    'max_pool_3x3',
    'avg_pool_3x3',
    'skip_connect',
    'sep_conv_3x3',
    'sep_conv_5x5',
    'dil_conv_3x3',
    'dil_conv_5x5',
  ],
  'nas-bench-201': ['none', 'skip_connect', 'nor_conv_1x1', 'nor_conv_3x3', 'avg_pool_3x3'],
} as const satisfies Record<SpaceName, readonly OperationName[]>;

/** Nodes of a DARTS cell that are computed, and the operations that each of them sums. */
export const DARTS_NODES = 4;
export const OPERATIONS_OF_A_NODE = 2;

const darts = (normal: readonly Choice[], reduce: readonly Choice[]): DartsGenotype => ({
  space: 'darts',
  normal,
  reduce,
});

/** Cells that Liu et al. 2019 found on CIFAR-10, with gradients of first and of second order. */
export const published = {
  DARTS_V1: darts(
    [
      ['sep_conv_3x3', 1],
      ['sep_conv_3x3', 0],
      ['skip_connect', 0],
      ['sep_conv_3x3', 1],
      ['skip_connect', 0],
      ['sep_conv_3x3', 1],
      ['sep_conv_3x3', 0],
      ['skip_connect', 2],
    ],
    [
      ['max_pool_3x3', 0],
      ['max_pool_3x3', 1],
      ['skip_connect', 2],
      ['max_pool_3x3', 0],
      ['max_pool_3x3', 0],
      ['skip_connect', 2],
      ['skip_connect', 2],
      ['avg_pool_3x3', 0],
    ],
  ),
  DARTS_V2: darts(
    [
      ['sep_conv_3x3', 0],
      ['sep_conv_3x3', 1],
      ['sep_conv_3x3', 0],
      ['sep_conv_3x3', 1],
      ['sep_conv_3x3', 1],
      ['skip_connect', 0],
      ['skip_connect', 0],
      ['dil_conv_3x3', 2],
    ],
    [
      ['max_pool_3x3', 0],
      ['max_pool_3x3', 1],
      ['skip_connect', 2],
      ['max_pool_3x3', 1],
      ['max_pool_3x3', 0],
      ['skip_connect', 2],
      ['skip_connect', 2],
      ['max_pool_3x3', 1],
    ],
  ),
} as const satisfies Record<string, DartsGenotype>;

/**
 * The genotype that a text or a JSON value says: `Genotype(normal=[('sep_conv_3x3', 0), ...], ...)` of DARTS or the same as
 * JSON, `|nor_conv_3x3~0|+|...` of NAS-Bench-201, or the name of a published one. Throws `bad-argument` for what is none,
 * `unknown-name` for an operation or a name that nobody knows, and `network-mismatch` for one of another space than `space`.
 */
export function parseGenotype(value: unknown, space?: SpaceName, where = 'genotype'): Genotype {
  const found = typeof value === 'string' ? fromText(value.trim(), where) : fromJson(value, where);
  const checkedOne = found.space === 'darts' ? checkedDarts(found, where) : checkedBench(found, where);
  if (space === undefined || found.space === space) return checkedOne;
  throw new MaNetError(
    'network-mismatch',
    `This genotype is of the space "${found.space}", not of "${space}".`,
    {
      where,
      hint: `search "${space}", or build the network of "${found.space}" with it.`,
    },
  );
}

/** The genotype as its authors write it. */
export function genotypeText(genotype: Genotype): string {
  if (genotype.space === 'nas-bench-201') {
    const rows = [1, 2, 3].map((node) => {
      const first = (node * (node - 1)) / 2;
      const ops = Array.from({ length: node }, (_, from) => `|${genotype.cell[first + from]!}~${from}`);
      return `${ops.join('')}|`;
    });
    return rows.join('+');
  }
  const list = (cell: readonly Choice[]): string =>
    `[${cell.map(([op, from]) => `('${op}', ${from})`).join(', ')}]`;
  const concat = 'range(2, 6)';
  const { normal, reduce } = genotype;
  return `Genotype(normal=${list(normal)}, normal_concat=${concat}, reduce=${list(reduce)}, reduce_concat=${concat})`;
}

/** The genotype as a recipe holds it: plain JSON of DARTS, a text of NAS-Bench-201. */
export function genotypeJson(genotype: Genotype): string | Omit<DartsGenotype, 'space'> {
  if (genotype.space === 'nas-bench-201') return genotypeText(genotype);
  return { normal: genotype.normal, reduce: genotype.reduce };
}

function refuse(problem: string, where: string): never {
  throw new MaNetError('bad-argument', problem, {
    where,
    hint: 'write Genotype(normal=[...], ...) of DARTS or the same as JSON, |op~0|+|op~0|op~1|+|... of NAS-Bench-201, or a published name such as DARTS_V2.',
  });
}

function fromText(text: string, where: string): Genotype {
  if (text.startsWith('|')) return { space: 'nas-bench-201', cell: fromArch(text, where) };
  if (/^\w+$/.test(text)) {
    if (Object.hasOwn(published, text)) return published[text as keyof typeof published];
    throw new MaNetError('unknown-name', `There is no published genotype called "${text}".`, {
      where,
      hint: suggestion(text, Object.keys(published)),
    });
  }
  const cell = (name: string): Choice[] => {
    const list = new RegExp(
      `\\b${name}\\s*=\\s*\\[((?:\\s*\\(\\s*'\\w+'\\s*,\\s*\\d+\\s*\\)\\s*,?)*)\\s*\\]`,
    ).exec(text);
    if (list === null) return refuse(`The genotype has no list "${name}" of operations.`, where);
    return [...list[1]!.matchAll(/'(\w+)'\s*,\s*(\d+)/g)].map(([, op, from]) => [
      op as OperationName,
      Number(from),
    ]);
  };
  if (!text.startsWith('Genotype(')) return refuse('This is no genotype.', where);
  const concat = [
    ...text.matchAll(/_concat\s*=\s*(range\(\s*2\s*,\s*6\s*\)|\[\s*2\s*,\s*3\s*,\s*4\s*,\s*5\s*\])/g),
  ];
  if (concat.length !== 2) return refuse('Its cells do not end in the nodes 2 to 5.', where);
  return darts(cell('normal'), cell('reduce'));
}

function fromArch(text: string, where: string): OperationName[] {
  const rows = text.split('+').map((row) => row.split('|').filter((part) => part !== ''));
  return rows.flatMap((row, i) =>
    row.map((part, from) => {
      const [op, at] = part.split('~');
      if (at !== String(from) || row.length !== i + 1)
        return refuse(`Node ${i + 1} does not read the nodes before it, each once and in order.`, where);
      return op as OperationName;
    }),
  );
}

function fromJson(value: unknown, where: string): Genotype {
  const { normal, reduce } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isCell = (cell: unknown): cell is readonly Choice[] =>
    Array.isArray(cell) &&
    cell.every((pair) => Array.isArray(pair) && typeof pair[0] === 'string' && Number.isInteger(pair[1]));
  if (!isCell(normal) || !isCell(reduce)) return refuse('This is no genotype.', where);
  return darts(normal, reduce);
}

function checkedDarts({ normal, reduce }: DartsGenotype, where: string): DartsGenotype {
  for (const [name, cell] of Object.entries({ normal, reduce })) {
    const wanted = DARTS_NODES * OPERATIONS_OF_A_NODE;
    if (cell.length !== wanted)
      refuse(`The cell "${name}" has ${cell.length} operations, not ${wanted}.`, where);
    for (const [i, [op, from]] of cell.entries()) {
      checkOperation(op, 'darts', where);
      const node = 2 + Math.floor(i / OPERATIONS_OF_A_NODE);
      if (from < 0 || from >= node)
        refuse(`Node ${node} of the cell "${name}" cannot read node ${from}.`, where);
    }
  }
  return { space: 'darts', normal, reduce };
}

function checkedBench({ cell }: NasBench201Genotype, where: string): NasBench201Genotype {
  if (cell.length !== 6) refuse(`The cell has ${cell.length} edges, not 6.`, where);
  for (const op of cell) checkOperation(op, 'nas-bench-201', where);
  return { space: 'nas-bench-201', cell };
}

function checkOperation(op: string, space: SpaceName, where: string): void {
  const known: readonly string[] = operationsOf[space];
  if (known.includes(op)) return;
  const other = (Object.keys(operationsOf) as SpaceName[]).find((name) =>
    (operationsOf[name] as readonly string[]).includes(op),
  );
  if (other !== undefined) {
    throw new MaNetError(
      'network-mismatch',
      `The operation "${op}" is of the space "${other}", not of "${space}".`,
      {
        where,
        hint: suggestion(op, known),
      },
    );
  }
  throw new MaNetError('unknown-name', `There is no operation called "${op}".`, {
    where,
    hint: suggestion(op, known),
  });
}
