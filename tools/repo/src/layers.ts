// The house, from the top down: who may import whom. A package imports only from storeys below its own;
// neighbours on one storey do not know each other.

/** A storey, from the left to the right; `*` stands for the rest of a name. */
export interface Storey {
  readonly packages: readonly string[];
  readonly about: string;
}

export const storeys: readonly Storey[] = [
  { packages: ['recipes'], about: "complete, typed runs; the paper's tables" },
  { packages: ['report'], about: 'figures and pages of runs' },
  { packages: ['run'], about: 'run directories: open, resume, predict, prune' },
  { packages: ['export'], about: 'networks as files: safetensors, ONNX, tfjs' },
  { packages: ['trainer'], about: 'the loop: optimisers, checkpoints, events' },
  { packages: ['baselines'], about: 'what methods are compared with' },
  { packages: ['method-*', 'search'], about: 'how weights are trained, and what prunes them' },
  { packages: ['task-*'], about: 'losses and measures of a task' },
  { packages: ['detection', 'data-*'], about: 'boxes and masks: what detectors share, and their images' },
  { packages: ['tnet', 'mnet', 'data', 'metrics'], about: 'networks; astrocytes; images; counting' },
  { packages: ['core'], about: 'contracts, layers, random numbers, files, errors' },
];

/** Beside the house: loaded by name from above, and knowing only what stands here. */
export const annexes: readonly (Storey & { readonly knows: readonly string[] })[] = [
  { packages: ['backend-*'], about: 'what tensors run on; handed over by an app', knows: ['core'] },
  { packages: ['mpi'], about: 'ranks of a run on several machines', knows: ['core'] },
  { packages: ['testing'], about: 'matchers and the conformance suite, for tests', knows: ['core'] },
];

/** Who knows an annex by its name all the same: ONNX is written by the engine that compiles to it. */
const acquainted: Readonly<Record<string, readonly string[]>> = { export: ['backend-onnx'] };

/** What tests may import on top: something to run on, and the matchers. */
const forTests = ['backend-*', 'testing'];

/** Where a package stands, 0 being the top; undefined for an annex or a stranger. */
function storeyOf(id: string): number | undefined {
  const index = storeys.findIndex(({ packages }) => packages.some((pattern) => matches(pattern, id)));
  return index === -1 ? undefined : index;
}

function annexOf(id: string): (typeof annexes)[number] | undefined {
  return annexes.find(({ packages }) => packages.some((pattern) => matches(pattern, id)));
}

export function isPlaced(id: string): boolean {
  return storeyOf(id) !== undefined || annexOf(id) !== undefined;
}

/** Why `from` (of apps, tools or packages) may not import the package `to`; undefined when it may. */
export function refusal(
  from: { readonly kind: string; readonly id: string; readonly isTest: boolean },
  to: { readonly kind: string; readonly id: string },
): string | undefined {
  if (from.kind === to.kind && from.id === to.id) return undefined;
  if (to.kind !== 'packages') return `nothing imports ${to.kind}/${to.id}`;
  if (from.isTest && forTests.some((pattern) => matches(pattern, to.id))) return undefined;
  if (to.id === 'testing' && from.kind !== 'tools') return '"testing" is for tests and tools';
  if (from.kind !== 'packages') return undefined;

  const annex = annexOf(from.id);
  if (annex !== undefined) {
    return annex.knows.includes(to.id) ? undefined : `"${from.id}" knows only ${annex.knows.join(', ')}`;
  }
  if (acquainted[from.id]?.includes(to.id)) return undefined;
  const [above, below] = [storeyOf(from.id), storeyOf(to.id)];
  if (above === undefined) return `"${from.id}" has no place in tools/repo/src/layers.ts`;
  if (below === undefined) return `"${to.id}" is loaded by name from an app`;
  return above < below ? undefined : `"${to.id}" does not stand below "${from.id}"`;
}

function matches(pattern: string, id: string): boolean {
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : pattern === id;
}

/** The house as the documents show it: what there is of `ids`, the packages, `apps` and `tools`. */
export function diagram(ids: readonly string[], apps: readonly string[], tools: readonly string[]): string {
  const there = (list: readonly Storey[]): readonly (readonly [string, string])[] =>
    list.flatMap(({ packages, about }) => {
      const standing = packages.filter((pattern) => ids.some((id) => matches(pattern, id)));
      return standing.length === 0 ? [] : [[standing.join('  '), about] as const];
    });
  const rows = [
    ['apps/', [[apps.join('  '), 'people'] as const]],
    ['packages/', there(storeys)],
    ['  beside', there(annexes.map((a) => ({ ...a, about: `${a.about}; knows ${a.knows.join(', ')}` })))],
    ['tools/', [[tools.join('  '), ''] as const]],
  ] as const;
  const width = Math.max(...rows.slice(0, 3).flatMap(([, list]) => list.map(([names]) => names.length)));
  return rows
    .flatMap(([label, list]) =>
      list.map(([names, about], i) =>
        `${(i === 0 ? label : '').padEnd(11)}${names.padEnd(width)}   ${about}`.trimEnd(),
      ),
    )
    .join('\n');
}
