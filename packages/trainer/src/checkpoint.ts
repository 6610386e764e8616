// A checkpoint is one safetensors file: every tensor of the state under `<section>/<name>`, and the
// counters, the position in the data and the random state in its metadata (section 10).

import {
  assertSameShapes,
  type BatchSource,
  decodeSafetensors,
  encodeSafetensors,
  MaNetError,
  type Network,
  readParams,
  uploadParams,
} from '@ma-net/core';
import type { MNet } from '@ma-net/mnet';
import { SECTIONS, type TrainingState } from './state.ts';

const FORMAT = '1';

/** The state of a run as the bytes of a safetensors file. */
export async function encodeCheckpoint(
  state: TrainingState,
  source: Pick<BatchSource<never>, 'state'>,
  network: Pick<Network, 'name'>,
): Promise<Uint8Array> {
  const all = Object.fromEntries(
    SECTIONS.flatMap((section) =>
      Object.entries(state[section]).map(([name, t]) => [`${section}/${name}`, t]),
    ),
  );
  return encodeSafetensors(await readParams(all), {
    'ma-net.checkpoint': FORMAT,
    network: network.name,
    counters: JSON.stringify({ step: state.step, pointer: state.pointer, source: source.state() }),
  });
}

export interface Checkpoint {
  readonly state: TrainingState;
  /** For `BatchSource.restore`. */
  readonly source: unknown;
}

/**
 * Uploads a checkpoint after checking that it belongs to this network and these astrocytes. Throws
 * `bad-file`, or `network-mismatch` with the differing names and shapes.
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  network: Network,
  mnet: MNet | undefined,
  where: string,
): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  if (metadata['ma-net.checkpoint'] !== FORMAT) {
    throw new MaNetError(
      'bad-file',
      `This is not a checkpoint of format ${FORMAT}: found ${metadata['ma-net.checkpoint'] ?? 'none'}.`,
      {
        where,
        hint: 'pass the checkpoint.safetensors of a run directory; exported networks cannot be resumed.',
      },
    );
  }
  const state: TrainingState = { ...parseCounters(metadata['counters'], where), ...emptySections() };
  const sections: Record<string, Record<string, (typeof tensors)[string]>> = {};
  for (const [path, tensor] of Object.entries(tensors)) {
    const slash = path.indexOf('/');
    (sections[path.slice(0, slash)] ??= {})[path.slice(slash + 1)] = tensor;
  }
  const shapesOf = (section: string): Record<string, readonly number[]> =>
    Object.fromEntries(Object.entries(sections[section] ?? {}).map(([name, t]) => [name, t.shape]));
  const hint = `it was written by a run of "${metadata['network']}"; resume with the recipe of that run.`;
  assertSameShapes(
    Object.fromEntries(network.parameters.map((p) => [p.name, p.shape])),
    shapesOf('params'),
    where,
    hint,
  );
  assertSameShapes(
    Object.fromEntries(network.statistics.map((s) => [s.name, s.shape])),
    shapesOf('stats'),
    where,
    hint,
  );
  if (mnet !== undefined) assertSameShapes(mnet.shapes, shapesOf('phi'), where, hint);
  for (const section of SECTIONS) state[section] = uploadParams(sections[section] ?? {});
  return { state, source: parseSource(metadata['counters']!) };
}

function parseCounters(text: string | undefined, where: string): { step: number; pointer: number } {
  try {
    const { step, pointer } = JSON.parse(text ?? '') as { step: number; pointer: number };
    if (Number.isInteger(step) && Number.isInteger(pointer) && step >= 0 && pointer >= 0)
      return { step, pointer };
  } catch {
    // Reported below, like counters that are JSON but not numbers.
  }
  throw new MaNetError(
    'bad-file',
    `The counters of the checkpoint are ${text ?? 'missing'}; expected a step and a pointer.`,
    {
      where,
      hint: 'the file was written by something else, or damaged: resume from another run.',
    },
  );
}

function parseSource(text: string): unknown {
  return (JSON.parse(text) as { source: unknown }).source;
}

function emptySections(): Omit<TrainingState, 'step' | 'pointer'> {
  return Object.fromEntries(SECTIONS.map((section) => [section, {}])) as unknown as Omit<
    TrainingState,
    'step' | 'pointer'
  >;
}
