// The house, from the top down: who may import whom. A package imports only from storeys below its own;
// neighbours on one storey do not know each other.

const storeys: readonly (readonly string[])[] = [
  ['recipes'],
  ['trainer', 'report'],
  ['task-*', 'baselines'],
  ['tnet', 'mnet', 'data', 'metrics'],
  ['core'],
];

/** Beside the house: loaded by name from above, and knowing only what stands here. */
const annexes: Readonly<Record<string, readonly string[]>> = {
  'backend-*': ['core'],
  testing: ['core'],
};

/** What tests may import on top: something to run on, and the matchers. */
const forTests = ['backend-*', 'testing'];

/** Where a package stands, 0 being the top; undefined for an annex or a stranger. */
function storeyOf(id: string): number | undefined {
  const index = storeys.findIndex((storey) => storey.some((pattern) => matches(pattern, id)));
  return index === -1 ? undefined : index;
}

export function isPlaced(id: string): boolean {
  return storeyOf(id) !== undefined || Object.keys(annexes).some((pattern) => matches(pattern, id));
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

  const annex = Object.entries(annexes).find(([pattern]) => matches(pattern, from.id));
  if (annex !== undefined) {
    return annex[1].includes(to.id) ? undefined : `"${from.id}" knows only ${annex[1].join(', ')}`;
  }
  const [above, below] = [storeyOf(from.id), storeyOf(to.id)];
  if (above === undefined) return `"${from.id}" has no place in tools/repo/src/layers.ts`;
  if (below === undefined) return `"${to.id}" is loaded by name from an app`;
  return above < below ? undefined : `"${to.id}" does not stand below "${from.id}"`;
}

function matches(pattern: string, id: string): boolean {
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : pattern === id;
}
