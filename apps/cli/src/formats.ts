// What `manet export --format` can write. Each is loaded only when it is asked for.

import type { NetworkFacts, TrainedNetwork } from '@ma-net/recipes/node';

export interface Format {
  /** Of the file it writes. */
  readonly extension: string;
  /** Writes the network; may say something about it. Borrows the tensors. */
  write(path: string, network: TrainedNetwork, facts: NetworkFacts): Promise<string | undefined>;
}

export const formats = {
  safetensors: async () => (await import('./formats/safetensors.ts')).safetensors,
} as const satisfies Record<string, () => Promise<Format>>;

export type FormatName = keyof typeof formats;
