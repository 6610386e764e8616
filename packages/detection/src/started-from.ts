import type { Architecture, Network } from '@ma-net/core';
import type { HostTensors } from '@ma-net/tnet';
import { type StartedDetector, withBody } from './weights.ts';

/** What a recipe says of the weights that a detector starts from. */
export interface StartingWeights {
  /** What `createTNet` takes; fresh ones unless given. */
  readonly weights?: string | undefined;
  /** All that fits, unless given; or the body alone, of whatever detector or classifier the file is. */
  readonly take?: 'all' | 'body' | undefined;
}

/**
 * A detector as a run starts with it: weights put into it by `put` where it is trained from its beginning, and as it is
 * where there are none, or a checkpoint follows. Throws what reading and `put` throw.
 */
export async function startedFrom<I extends string, O extends string>(
  network: Network<I, O>,
  { weights, take = 'all' }: StartingWeights,
  { fresh, tell }: Parameters<Architecture>[1],
  put: (network: Network<I, O>, file: HostTensors, where: string) => StartedDetector<I, O>,
): Promise<Network<I, O>> {
  if (weights === undefined || !fresh) return network;
  const { describeWeights, readWeights } = await import('@ma-net/tnet');
  const { tensors, where } = await readWeights(network.name, weights);
  const { network: started, report } = (take === 'body' ? withBody<I, O> : put)(network, tensors, where);
  tell?.(`starts from ${weights}: ${describeWeights(report)}`);
  return started;
}
