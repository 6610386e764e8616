// What stands around the weights of a network in files as people save them: the wrappers that training puts around
// a model, and the rest of its state.

import { type HostTensor, named } from '@ma-net/core';
import type { HostTensors } from './rules.ts';

/**
 * First parts of names that training scripts save beside a model and that are no weights of it. Metrics of Lightning
 * and others may be called anything, and are told as unexpected.
 */
const STATE = new Set([
  'optimizer',
  'optimizers',
  'optimizer_state_dict',
  'optim',
  'scheduler',
  'lr_scheduler',
  'scaler',
  'grad_scaler',
  'epoch',
  'step',
  'global_step',
  'n_averaged',
  'criterion',
  'loss',
  'loss_fn',
  'rng_state',
  'train_acc',
  'val_acc',
  'test_acc',
  // What we write beside a network.
  'ma-net',
]);

/** Wrappers in wrappers. */
const DEEPEST = 16;

/** So many prefixes are tried; a file with more sets of the same names is no file of one network. */
const TRIED = 8;

/**
 * What may stand before the names of a network in a file: nothing, and every text, ending in a dot, that stands before
 * at least half of them. Averaged weights (`ema` in the prefix) come first, as timm prefers them.
 */
export function prefixesOf(file: readonly string[], expected: readonly string[]): readonly string[] {
  const names = new Set(expected);
  const counts = new Map<string, number>();
  for (const name of file) {
    for (let dot = name.indexOf('.'), n = 0; dot >= 0 && n < DEEPEST; dot = name.indexOf('.', dot + 1), n++) {
      const prefix = name.slice(0, dot + 1);
      if (names.has(name.slice(dot + 1))) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  const found = [...counts].filter(([, count]) => count * 2 >= names.size).map(([prefix]) => prefix);
  const averaged = (prefix: string): number => (/(^|[._])ema([._]|$)/.test(prefix) ? 0 : 1);
  return ['', ...found.toSorted((a, b) => averaged(a) - averaged(b)).slice(0, TRIED)];
}

/**
 * The tensors behind a prefix, without it, and the names that are not the network's: all others, or those that begin
 * as the state of training does, and as none of the `expected` names.
 */
export function withinPrefix(
  file: HostTensors,
  prefix: string,
  expected: readonly string[],
): { readonly tensors: HostTensors; readonly leftOut: readonly string[] } {
  const firsts = new Set(expected.map(firstPart));
  const tensors = named<HostTensor>();
  const leftOut: string[] = [];
  for (const [name, tensor] of Object.entries(file)) {
    const first = firstPart(name);
    const isState = STATE.has(first) && !firsts.has(first);
    if (prefix === '' ? isState : !name.startsWith(prefix)) leftOut.push(name);
    else tensors[name.slice(prefix.length)] = tensor;
  }
  return { tensors, leftOut };
}

function firstPart(name: string): string {
  return /^[^./]*/.exec(name)![0];
}
