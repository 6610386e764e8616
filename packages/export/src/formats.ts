// What `manet export --format` can write. Each is loaded only when it is asked for.

import type { NetworkFacts, TrainedNetwork } from '@ma-net/recipes/node';

export interface Format {
  /** Of the file, or the folder, it writes. */
  readonly extension: string;
  /** The backend that has to run while it writes, where it cannot be any. */
  readonly backend?: string;
  /** Writes the network, atomically; says in a few words what it wrote. Borrows the tensors. */
  write(path: string, network: TrainedNetwork, facts: NetworkFacts, options: FormatOptions): Promise<string>;
  /** Logits [B, K] of the file, as another program would compute them. */
  run(path: string, images: HostImages): Promise<Float32Array>;
  /** Whether the file can take pixels and normalise them itself. */
  readonly takesPixels: boolean;
}

export interface FormatOptions {
  /** The file takes pixels instead of normalised images. */
  readonly pixels: boolean;
}

/** Images [B, H, W, C] in JS memory. */
export interface HostImages {
  readonly data: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

export const formats = {
  safetensors: async () => (await import('./formats/safetensors.ts')).safetensors,
  onnx: async () => (await import('./formats/onnx.ts')).onnx,
  tfjs: async () => (await import('./formats/tfjs.ts')).tfjs,
} as const satisfies Record<string, () => Promise<Format>>;

export type FormatName = keyof typeof formats;
