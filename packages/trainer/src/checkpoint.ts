// A checkpoint is one safetensors file: every tensor of the state under `<section>/<name>`, and the
// mini-batches done and the position in the data in its metadata (section 10).

import {
  assertFloats,
  assertSameShapes,
  type BatchSource,
  decodeSafetensors,
  encodeSafetensors,
  type HostTensor,
  MaNetError,
  type Network,
  type Optimization,
  readParams,
  type SectionSpec,
  uploadParams,
} from '@ma-net/core';
import { AVERAGES } from './averages.ts';
import type { TrainingOptions } from './options.ts';
import { slotShapes } from './optimizers.ts';
import { slotsOf, type TrainingState } from './state.ts';

const FORMAT = '2';

/** The state of a run as the bytes of a safetensors file. Throws `non-finite` where a number is none. */
export async function encodeCheckpoint(
  { step, sections }: TrainingState,
  source: Pick<BatchSource<never>, 'state'>,
  network: Pick<Network, 'name'>,
): Promise<Uint8Array> {
  const all = Object.fromEntries(
    Object.entries(sections).flatMap(([section, tensors]) =>
      Object.entries(tensors).map(([name, t]) => [`${section}/${name}`, t]),
    ),
  );
  const tensors = await readParams(all);
  refuseNonFinite(tensors, `the state after mini-batch ${step}`, 'nothing of it was saved');
  return encodeSafetensors(tensors, {
    'ma-net.checkpoint': FORMAT,
    network: network.name,
    counters: JSON.stringify({ step, source: source.state() }),
  });
}

export interface Checkpoint {
  readonly state: TrainingState;
  /** For `BatchSource.restore`. */
  readonly source: unknown;
}

/** What a checkpoint has to fit. */
export interface Resumable {
  readonly network: Pick<Network, 'parameters' | 'statistics'>;
  /** The method, opened for the run. */
  readonly training: { readonly sections: Readonly<Record<string, SectionSpec>> };
  readonly options: Pick<TrainingOptions, 'optimizer' | 'ema'>;
}

/**
 * Uploads a checkpoint after checking that it belongs to this network, method and optimiser. Throws
 * `bad-file`, `non-finite`, or `network-mismatch` with the differing names and shapes.
 */
export function decodeCheckpoint(bytes: Uint8Array, run: Resumable, where: string): Checkpoint {
  const { tensors, metadata, verified } = decodeSafetensors(bytes, where);
  const format = metadata['ma-net.checkpoint'];
  if (format !== FORMAT && format !== '1') {
    throw new MaNetError(
      'bad-file',
      `This is not a checkpoint of format ${FORMAT}: found ${format ?? 'none'}.`,
      {
        where,
        hint: 'pass the checkpoint.safetensors of a run directory; exported networks cannot be resumed.',
      },
    );
  }
  if (format === FORMAT && !verified) {
    throw new MaNetError('bad-file', 'The checkpoint has lost the digests that it was written with.', {
      where,
      hint: 'the file is damaged: resume from another checkpoint.',
    });
  }
  const counters = parseCounters(metadata['counters'], where);
  assertFloats(tensors, where);
  refuseNonFinite(tensors, where, 'resume from another checkpoint');
  const expected = expectedSections(run);
  const found = sectionsOf(tensors);
  const sections = format === '1' ? fromFormat1(found, expected) : found;
  const hint = `it was written by a run of "${metadata['network']}"; resume with the recipe of that run.`;
  for (const [section, { shapes, mayBeEmpty = false }] of expected) {
    const held = sections.get(section) ?? new Map<string, HostTensor>();
    if (held.size === 0 && mayBeEmpty) continue;
    assertSameShapes(shapes, shapesIn(held), `${where}, section ${section}`, hint);
  }
  const strange = [...sections.keys()].find((section) => !expected.has(section));
  if (strange !== undefined) {
    throw new MaNetError(
      'network-mismatch',
      `The checkpoint has a section "${strange}", which the run has not.`,
      {
        where,
        hint,
      },
    );
  }
  const uploaded = [...expected.keys()].map((section) => [
    section,
    uploadParams(Object.fromEntries(sections.get(section) ?? [])),
  ]);
  const state = { step: counters.step, sections: Object.fromEntries(uploaded) as TrainingState['sections'] };
  return { state, source: counters.source };
}

type HostSections = Map<string, Map<string, HostTensor>>;

/** Every section that a run has, with the shapes of its tensors. */
function expectedSections({ network, training, options }: Resumable): Map<string, SectionSpec> {
  const shapes = (specs: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, shape]));
  const sections = new Map<string, SectionSpec>([
    ['params', { shapes: shapes(network.parameters) }],
    ['stats', { shapes: shapes(network.statistics) }],
    ...Object.entries(training.sections),
  ]);
  const slots = (section: string, { optimizer }: Pick<Optimization, 'optimizer'>): void => {
    const { shapes: trained } = sections.get(section)!;
    sections.set(slotsOf(section), { shapes: slotShapes(optimizer, trained), mayBeEmpty: true });
  };
  if (options.ema !== undefined) {
    for (const of of ['params', 'stats'] as const) sections.set(AVERAGES[of], sections.get(of)!);
  }
  slots('params', options);
  for (const [section, { optimization }] of Object.entries(training.sections))
    if (optimization !== undefined) slots(section, optimization === 'params' ? options : optimization);
  return sections;
}

function sectionsOf(tensors: Readonly<Record<string, HostTensor>>): HostSections {
  const sections: HostSections = new Map();
  for (const [path, tensor] of Object.entries(tensors)) {
    const slash = path.indexOf('/');
    const section = path.slice(0, slash);
    sections.set(section, (sections.get(section) ?? new Map()).set(path.slice(slash + 1), tensor));
  }
  return sections;
}

/** Names that sections had before methods had sections of their own. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['optimizer', 'params.optimizer'],
  ['phiOptimizer', 'phi.optimizer'],
  ['q', 'scores'],
]);

/** Every run had every section then; those that its method does not have held copies. */
function fromFormat1(found: HostSections, expected: ReadonlyMap<string, SectionSpec>): HostSections {
  const renamed = [...found].map(([section, tensors]) => [RENAMED.get(section) ?? section, tensors] as const);
  return new Map(renamed.filter(([section]) => expected.has(section)));
}

function shapesIn(tensors: ReadonlyMap<string, HostTensor>): Record<string, readonly number[]> {
  return Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
}

function refuseNonFinite(tensors: Readonly<Record<string, HostTensor>>, where: string, what: string): void {
  const broken = Object.entries(tensors).filter(([, { data }]) => !data.every(Number.isFinite));
  if (broken.length === 0) return;
  const names = broken.slice(0, 3).map(([name]) => name);
  const more = broken.length > names.length ? ` and ${broken.length - names.length} more` : '';
  throw new MaNetError('non-finite', `Numbers that are not finite in ${names.join(', ')}${more}.`, {
    where,
    hint: `${what}; lower the learning rate, add a warm-up or clip the gradient.`,
  });
}

function parseCounters(text: string | undefined, where: string): { step: number; source: unknown } {
  try {
    const { step, source } = JSON.parse(text ?? '') as { step: number; source: unknown };
    if (Number.isSafeInteger(step) && step >= 0) return { step, source };
  } catch {
    // Reported below, like counters that are JSON but not numbers.
  }
  throw new MaNetError(
    'bad-file',
    `The counters of the checkpoint are ${text ?? 'missing'}; expected the mini-batches done, and the position in the data.`,
    {
      where,
      hint: 'the file was written by something else, or damaged: resume from another run.',
    },
  );
}
