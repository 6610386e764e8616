// What only the checkpoint of a run tells: its gates, what is left of its layers, and what that costs.

import { type HostTensor, type Installed, keptConnections, type Network, readParams } from '@ma-net/core';
import { countMacs, countParameters } from '@ma-net/metrics';
import type { CompactionPlan } from '@ma-net/mnet';
import { decide, millisecondsPerImage, openSavedRun, prepare, requireCheckpoint } from '@ma-net/run/node';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import type { Gates } from './gates.ts';
import type { RunInside } from './record.ts';

export interface InspectOptions {
  readonly installed: Installed;
  /** Whether to measure how long a sample takes. */
  readonly time: boolean;
  readonly tell: (words: string) => void;
}

/**
 * Opens a run and its last checkpoint on the backend that runs. Throws what opening it throws: its parts must be
 * installed, its checkpoint there.
 */
export async function inspectRun(
  path: string,
  { installed, time, tell }: InspectOptions,
): Promise<RunInside> {
  const saved = await openSavedRun(path, installed);
  const { run } = saved;
  const { state } = requireCheckpoint(saved, tell);
  try {
    const decision = await decide(run, state, { dense: false });
    const masks = decision.removal?.masks ?? {};
    const units = unitsLeft(run.network, decision.compaction);
    const small = await prepare(run, state, decision, { again: false, open: async () => await saved.open() });
    try {
      const gates = state.sections['gates'];
      const held = gates === undefined ? {} : await readParams(gates);
      const { proportion = false, measure } = run.task.headline;
      return {
        headline: measure,
        proportion,
        layers: keptConnections(run.network, masks).map(
          ({ param, preNeurons, postNeurons, keptConnections: kept }) => {
            const own = units.get(param);
            return {
              layer: param,
              connections: { kept, of: preNeurons * postNeurons },
              ...(own === undefined ? {} : { units: own }),
            };
          },
        ),
        ...gatesOf(run.network, held),
        alive: countParameters(run.network, masks).kept,
        parameters: countParameters(small.network).total,
        macs: countMacs(small.network),
        ...(time ? { milliseconds: await millisecondsPerImage(small.network, run.recipe.batchSize) } : {}),
      };
    } finally {
      tf.dispose([small.params, small.stats] as tf.TensorContainer);
    }
  } finally {
    disposeState(state);
  }
}

/** Channels that stay, by the kernel that writes them. */
function unitsLeft(
  { groups }: Network,
  compaction: CompactionPlan | undefined,
): ReadonlyMap<string, { readonly kept: number; readonly of: number }> {
  const cuts = new Map((compaction?.cuts ?? []).map(({ group, keep }) => [group, keep.length]));
  return new Map(
    groups.flatMap(({ id, units, members }) =>
      members
        .filter(({ role }) => role === 'write')
        .map(({ tensor }) => [tensor, { kept: cuts.get(id) ?? units, of: units }] as const),
    ),
  );
}

/** Gates of a section of that name that has one for every connection, and none where there is no such section. */
function gatesOf({ kernels }: Network, held: Readonly<Record<string, HostTensor>>): Pick<RunInside, 'gates'> {
  const gates = kernels.flatMap(({ param, preNeurons, postNeurons }): Gates[] => {
    const tensor = Object.hasOwn(held, param) ? held[param]! : undefined;
    if (tensor?.data.length !== preNeurons * postNeurons) return [];
    return [{ layer: param, pre: preNeurons, post: postNeurons, gates: tensor.data as Float32Array }];
  });
  return gates.length === 0 ? {} : { gates };
}
