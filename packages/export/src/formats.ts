// What `manet export --format` can write. Each is loaded only when it is asked for.

import type { Format } from './format.ts';

export const formats = {
  safetensors: async () => (await import('./safetensors.ts')).safetensors,
  onnx: async () => (await import('./onnx.ts')).onnx,
  tfjs: async () => (await import('./tfjs.ts')).tfjs,
} as const satisfies Record<string, () => Promise<Format>>;

export type FormatName = keyof typeof formats;
