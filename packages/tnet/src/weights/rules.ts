// Names of a weight file and ours, as rules that can be read in both directions. In a pattern `*` stands for
// one part of a name and a last `**` for the rest of it; both sides have the same stars in the same order.

import { type HostTensor, MaNetError, named } from '@ma-net/core';

export type HostTensors = Readonly<Record<string, HostTensor>>;

export interface Format {
  /** Patterns of [our name, the file's name]. Names that no rule knows are the same on both sides. */
  readonly renamed: readonly (readonly [ours: string, theirs: string])[];
  /** Patterns of ours that the file joins to one tensor along its first axis, in this order. */
  readonly fused: readonly (readonly [ours: readonly string[], theirs: string])[];
  /** Ends of the file's names that are no weights: counters, tables of indices. */
  readonly ignored: readonly string[];
  /** Patterns of [the file's name, how older releases wrote it], which its libraries still convert. */
  readonly older?: readonly (readonly [theirs: string, older: string])[];
  /** Tensors without weights that PyTorch expects beside those of the file. */
  readonly derived?: (theirs: HostTensors) => HostTensors;
}

/** The file's names for tensors of ours, both in PyTorch's layout. */
export function toTheirs(format: Format, ours: HostTensors): Record<string, HostTensor> {
  const theirs = named<HostTensor>();
  const taken = new Set<string>();
  for (const [name, tensor] of Object.entries(ours)) {
    if (taken.has(name)) continue;
    const group = fusedGroup(format, name);
    if (group === undefined) {
      theirs[rename(name, format.renamed)] = tensor;
      continue;
    }
    const parts = group.parts.map((part) => ours[part]);
    if (parts.includes(undefined)) {
      throw new MaNetError('network-mismatch', `"${group.theirs}" is made of ${group.parts.join(', ')}.`, {
        hint: 'pass all parameters of the network.',
      });
    }
    theirs[group.theirs] = stack(parts as HostTensor[]);
    for (const part of group.parts) taken.add(part);
  }
  return named(Object.entries({ ...theirs, ...format.derived?.(theirs) }));
}

/** Our names for the tensors of a file, both in PyTorch's layout; what is no weight is left out. */
export function toOurs(format: Format, theirs: HostTensors): Record<string, HostTensor> {
  const backwards = format.renamed.map(([ours, other]) => [other, ours] as const);
  const ours = named<HostTensor>();
  for (const [name, tensor] of Object.entries(theirs)) {
    if (format.ignored.some((end) => name.endsWith(end))) continue;
    const parts = format.fused.flatMap(([patterns, other]) => {
      const names = patterns.map((pattern) => translate(name, other, pattern));
      return names.includes(undefined) ? [] : [names as string[]];
    })[0];
    if (parts === undefined || tensor.shape.length === 0 || tensor.shape[0]! % parts.length !== 0) {
      ours[rename(name, backwards)] = tensor;
      continue;
    }
    const rows = tensor.shape[0]! / parts.length;
    const size = tensor.data.length / parts.length;
    parts.forEach((part, i) => {
      ours[part] = {
        ...tensor,
        shape: [rows, ...tensor.shape.slice(1)],
        data: tensor.data.subarray(i * size, (i + 1) * size),
      };
    });
  }
  return ours;
}

/** Where a tensor of ours lies in a file: part `part` of `parts` equal parts of `name`, along its first axis. */
export interface Place {
  readonly name: string;
  readonly part: number;
  readonly parts: number;
}

export function placeOf(format: Format, ours: string): Place {
  const group = fusedGroup(format, ours);
  if (group === undefined) return { name: rename(ours, format.renamed), part: 0, parts: 1 };
  return { name: group.theirs, part: group.parts.indexOf(ours), parts: group.parts.length };
}

/** The file's name for a tensor of ours, or for the one that it is a part of. */
export function theirName(format: Format, ours: string): string {
  return placeOf(format, ours).name;
}

/** What older releases wrote, in today's names of the file; and the patterns that were needed for it. */
export function fromOlder(
  format: Format,
  theirs: HostTensors,
): { readonly tensors: HostTensors; readonly used: readonly (readonly [theirs: string, older: string])[] } {
  const used = new Set<readonly [string, string]>();
  const tensors = named<HostTensor>();
  for (const [name, tensor] of Object.entries(theirs)) {
    const rule = format.older?.find(([, older]) => translate(name, older, older) !== undefined);
    if (rule !== undefined) used.add(rule);
    tensors[rule === undefined ? name : translate(name, rule[1], rule[0])!] = tensor;
  }
  return { tensors, used: [...used] };
}

/** The tensor of the file that one of ours is a part of, and all of its parts. */
function fusedGroup(
  format: Format,
  name: string,
): { readonly theirs: string; readonly parts: readonly string[] } | undefined {
  for (const [patterns, theirs] of format.fused) {
    const pattern = patterns.find((p) => translate(name, p, theirs) !== undefined);
    if (pattern === undefined) continue;
    return {
      theirs: translate(name, pattern, theirs)!,
      parts: patterns.map((other) => translate(name, pattern, other)!),
    };
  }
  return undefined;
}

function rename(name: string, rules: readonly (readonly [from: string, to: string])[]): string {
  for (const [from, to] of rules) {
    const renamed = translate(name, from, to);
    if (renamed !== undefined) return renamed;
  }
  return name;
}

/** `name` with what the stars of `from` stand for put into `to`; undefined unless it matches `from`. */
function translate(name: string, from: string, to: string): string | undefined {
  const stars = expression(from).exec(name)?.slice(1);
  return stars === undefined ? undefined : to.replaceAll(/\*\*|\*/g, () => stars.shift()!);
}

const expressions = new Map<string, RegExp>();

function expression(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known !== undefined) return known;
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === '**' ? '(.+)' : part === '*' ? '([^.]+)' : part.replaceAll('.', '\\.')))
    .join('');
  const made = new RegExp(`^${source}$`);
  expressions.set(pattern, made);
  return made;
}

function stack(parts: readonly HostTensor[]): HostTensor {
  const [first] = parts as [HostTensor];
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  const rows = parts.reduce((sum, part) => sum + part.shape[0]!, 0);
  return { shape: [rows, ...first.shape.slice(1)], dtype: 'float32', data };
}
