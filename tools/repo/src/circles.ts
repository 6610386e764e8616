// Circles among imports.

/** Files that the source `text` needs to run, as it names them: imports of types are gone by then. */
export function neededBy(text: string): string[] {
  const statements = text.matchAll(/^\s*(?:import|export)\s(?:([^'";]*?)\sfrom\s)?'(\.[^']+)'/gm);
  return [...statements].flatMap(([, what, file]) => (isTypes(what?.trim() ?? '') ? [] : [file!]));
}

function isTypes(what: string): boolean {
  if (what.startsWith('type ')) return true;
  const names = /^\{([^}]*)\}$/.exec(what)?.[1];
  if (names === undefined) return false;
  return names
    .split(',')
    .map((name) => name.trim())
    .every((name) => name === '' || name.startsWith('type '));
}

/** The first circle of a graph, from a node back to itself; undefined where there is none. */
export function circleIn(graph: Readonly<Record<string, readonly string[]>>): string[] | undefined {
  const done = new Set<string>();
  const search = (node: string, way: readonly string[]): string[] | undefined => {
    const at = way.indexOf(node);
    if (at >= 0) return [...way.slice(at), node];
    if (done.has(node)) return undefined;
    for (const next of graph[node] ?? []) {
      const found = search(next, [...way, node]);
      if (found !== undefined) return found;
    }
    done.add(node);
    return undefined;
  };
  for (const node of Object.keys(graph)) {
    const found = search(node, []);
    if (found !== undefined) return found;
  }
  return undefined;
}
