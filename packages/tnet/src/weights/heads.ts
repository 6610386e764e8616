// Classifiers in files, which are of other classes, of another form, or not there.

import { excerpt, type Network, named, type ParamDifference } from '@ma-net/core';
import type { FromPyTorch } from './formats.ts';

/** The parameters that make outputs of one number per class, of an image or of each of a list. */
function classifierOf({ groups, outputs }: Network): Set<string> {
  const scores = new Set(outputs.filter(isScore).map(({ name }) => name));
  const made = groups.filter(({ pinnedBy }) =>
    pinnedBy.some((p) => p.kind === 'output' && scores.has(p.name)),
  );
  return new Set(made.flatMap(({ members }) => members.map((m) => m.tensor)));
}

/** One number per class of an image, or what its parts are; boxes may be those of every class. */
function isScore({ name, shape }: Network['outputs'][number]): boolean {
  return shape.length === 1 || /^(.*\.)?(logits|classes|boxes|cls)$/.test(name);
}

/**
 * The differences that a fresh classifier explains: the file has none, or one for another number of classes, read as
 * parameters of `tensors`.
 */
export function explainedByClassifier(
  network: Network,
  { tensors, differences }: FromPyTorch,
): ParamDifference[] {
  const classifier = classifierOf(network);
  const headless = ![...classifier].some((name) => Object.hasOwn(tensors, name));
  return differences.filter(
    (d) => classifier.has(d.name) && (headless ? d.found === undefined : onlyClassesDiffer(d)),
  );
}

function onlyClassesDiffer({ expected, found }: ParamDifference): boolean {
  return expected !== undefined && found !== undefined && expected.slice(1).join() === found.slice(1).join();
}

/**
 * A head of another form in the place of the classifier: `fc.1.weight` behind a dropout is the classifier, where it
 * is the only matrix and the classifier is not there; of a larger head nothing is read.
 */
export function withoutOtherHeads(network: Network, read: FromPyTorch): FromPyTorch {
  const classifier = classifierOf(network);
  const modules = [...classifier].map((name) => name.replace(/\.[^.]+$/, '.'));
  const head = read.differences.filter(
    ({ name, expected }) => expected === undefined && modules.some((module) => name.startsWith(module)),
  );
  const absent = [...classifier].every((name) => !Object.hasOwn(read.tensors, name));
  if (head.length === 0 || !absent) return read;
  const renames = new Map(head.map(({ name }) => [name, name.replace(/\.\d+(\.[^.]+)$/, '$1')] as const));
  const isOne = head.filter(({ found }) => found?.length === 2).length === 1;
  const isClassifier = isOne && [...renames.values()].every((name) => classifier.has(name));
  const kept = Object.entries(read.tensors).flatMap(([name, tensor]) => {
    const to = renames.get(name);
    return to === undefined ? [[name, tensor] as const] : isClassifier ? [[to, tensor] as const] : [];
  });
  const heads = new Set(head.map(({ name }) => name));
  const moved = new Map([...renames].map(([from, to]) => [to, from]));
  return {
    ...read,
    tensors: named(kept),
    differences: read.differences.flatMap((d) => {
      if (heads.has(d.name)) return [];
      const from = isClassifier ? moved.get(d.name) : undefined;
      if (from === undefined) return [d];
      const found = read.tensors[from]!.shape;
      return found.join() === d.expected?.join() ? [] : [{ ...d, found }];
    }),
    renamed: isClassifier
      ? [...read.renamed, ...[...renames].map(([from, to]) => `${excerpt(from)} was read as "${to}"`)]
      : read.renamed,
    leftOut: isClassifier ? read.leftOut : [...read.leftOut, ...heads],
  };
}
