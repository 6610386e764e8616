// Gives damaged files to readers, and holds them to what is promised: a file is refused in our words, shortly, soon,
// and without a trace; or it is what it says.

import { Rng } from '@ma-net/core';
import { makeReaders, type Reader } from './readers.ts';

/** A message has three parts of at most 4000 characters. */
const LONGEST_MESSAGE = 13_000;

/** Milliseconds: a small file that takes longer hangs. */
const PATIENCE = 10_000;

export interface Finding {
  readonly reader: string;
  /** Of the input: `damage(Rng.fromSeed(seed).split(reader))` makes it again. */
  readonly seed: number;
  readonly problem: string;
}

export interface Outcome {
  readonly refused: number;
  readonly accepted: number;
  readonly findings: readonly Finding[];
}

/** Reads `inputs` damaged files, dealt to the readers in turn (or all to `only`), with seeds from `seed` on. */
export async function fuzz(inputs: number, seed: number, only?: string): Promise<Outcome> {
  const { readers, close } = await makeReaders();
  const chosen = readers.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0)
    throw new Error(`No reader is called ${only}: ${readers.map((r) => r.name).join(', ')}`);
  const findings: Finding[] = [];
  let [refused, accepted] = [0, 0];
  try {
    for (let i = 0; i < inputs; i++) {
      const reader = chosen[i % chosen.length]!;
      const { isRefused, problem } = await tried(reader, seed + i);
      if (isRefused) refused++;
      else accepted++;
      if (problem !== undefined) findings.push({ reader: reader.name, seed: seed + i, problem });
    }
  } finally {
    await close();
  }
  return { refused, accepted, findings };
}

async function tried(
  reader: Reader,
  seed: number,
): Promise<{ readonly isRefused: boolean; readonly problem: string | undefined }> {
  const bytes = reader.damage(Rng.fromSeed(seed).split(reader.name));
  const start = performance.now();
  let isRefused = false;
  let problem: string | undefined;
  try {
    const believed = await reader.read(bytes);
    if (believed !== undefined) problem = `was believed: ${believed}`;
  } catch (error) {
    isRefused = true;
    problem = wrongRefusal(error);
  }
  const took = performance.now() - start;
  if (took > PATIENCE) problem = `took ${Math.round(took)} ms`;
  return { isRefused, problem: cleaned() ?? problem };
}

function wrongRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  if (error.name !== 'MaNetError') return `threw ${error.stack ?? error.message}`;
  if (error.message.length > LONGEST_MESSAGE) return `a message of ${error.message.length} characters`;
  return /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(error.message)
    ? 'a message with control characters'
    : undefined;
}

/** What a file added to all objects, which is taken away again. */
function cleaned(): string | undefined {
  const added: string[] = [];
  for (const prototype of [Object.prototype, Array.prototype, Function.prototype])
    for (const key of Object.keys(prototype)) {
      added.push(key);
      Reflect.deleteProperty(prototype, key);
    }
  return added.length === 0 ? undefined : `polluted prototypes with ${added.join(', ')}`;
}
