import type { HostTensors } from './rules.ts';

/** The tensors of a weight file. */
export interface ReadWeights {
  readonly tensors: HostTensors;
  /** Where they were found. */
  readonly where: string;
  /** Whether a digest says that they are as they were written: the hub's, or one in the file. */
  readonly verified: boolean;
}
