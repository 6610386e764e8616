import { printable } from './printable.ts';

/** Stable names of everything our packages refuse on purpose. */
export type ErrorCode =
  | 'backend-unavailable'
  | 'backend-failed'
  | 'backend-mixed'
  | 'bad-argument'
  | 'bad-data'
  | 'bad-file'
  | 'bad-recipe'
  | 'disk-full'
  | 'file-failed'
  | 'interrupted'
  | 'locked'
  | 'network-mismatch'
  | 'no-access'
  | 'no-sync-read'
  | 'non-finite'
  | 'not-found'
  | 'out-of-memory'
  | 'prune-refused'
  | 'shape-mismatch'
  | 'tensor-disposed'
  | 'too-large'
  | 'unknown-name'
  | 'unsupported-op';

export interface ErrorDetails {
  /** Where it came from: a file with an offset, a field path, a step. */
  readonly where?: string;
  /** What to do next, as an instruction. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The only error class our packages throw on purpose. Match on `code`, never on the text. */
export class MaNetError extends Error {
  override readonly name = 'MaNetError';
  readonly code: ErrorCode;
  /** The place and the instruction, which stand in the message too. */
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, { where, hint, cause }: ErrorDetails = {}) {
    const lines = [printable(message, LONGEST)];
    if (where !== undefined) lines.push(`  at ${printable(where, LONGEST)}`);
    if (hint !== undefined) lines.push(`  hint: ${printable(hint, LONGEST)}`);
    super(lines.join('\n'), cause === undefined ? undefined : { cause });
    this.code = code;
    this.where = where;
    this.hint = hint;
  }
}

/** Characters of a part of a message: names and values in it may come from a file, and be as long as it. */
const LONGEST = 4000;

/** The known name closest to `name` by edit distance; undefined when none is close enough to suggest. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  return closest(name, known)[0];
}

/** So many names fit in a hint. */
const FEW = 12;

/**
 * "did you mean ...? known: ..." for an error about a name that a person typed. Where more names are known than
 * a hint holds, `listing` says where they are listed, and those that contain `name` are suggested too.
 */
export function suggestion(name: string, known: Iterable<string>, listing?: string): string {
  const all = [...known];
  if (all.length <= FEW || listing === undefined) {
    const close = nearest(name, all);
    const list = `known: ${all.join(', ')}`;
    return close === undefined ? list : `did you mean "${close}"? ${list}`;
  }
  const containing = all.filter((other) => name !== '' && other.toLowerCase().includes(name.toLowerCase()));
  const close = [...new Set([...closest(name, all).slice(0, 3), ...containing.slice(0, 3)])].slice(0, 3);
  const list = `${all.length} are known: ${listing}`;
  return close.length === 0 ? list : `did you mean ${close.map((n) => `"${n}"`).join(' or ')}? ${list}`;
}

/** The names close enough to `name` to be meant by it, the closest first; of equals, the one listed first. */
function closest(name: string, known: Iterable<string>): string[] {
  const limit = Math.max(2, Math.floor(name.length / 2) + 1);
  // Words as short as gpu and cpu differ in a letter and mean opposites; a slip keeps the first one.
  const other = (word: string): boolean =>
    name.length <= 3 && name[0]?.toLowerCase() !== word[0]?.toLowerCase();
  return [...known]
    .filter((word) => !other(word))
    .map((word) => [word, editDistance(name.toLowerCase(), word.toLowerCase())] as const)
    .filter(([, distance]) => distance < limit)
    .toSorted(([, a], [, b]) => a - b)
    .map(([word]) => word);
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
