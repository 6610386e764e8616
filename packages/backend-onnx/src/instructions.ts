// What vector instructions the processor has: ONNX Runtime chooses its kernels by them, and kernels sum in orders of
// their own.

import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';

/** In the order in which ONNX Runtime prefers them. */
const KNOWN = ['avx512_vnni', 'avx512f', 'avx2', 'avx', 'sse4_1', 'asimddp', 'asimd'] as const;

let found: string | undefined;

/** The best instructions that ONNX Runtime knows of this processor; its model where the system does not list them. */
export function instructionSet(): string {
  found ??= bestOf(flags()) ?? `${arch()}, ${cpus()[0]?.model.trim() ?? 'unknown'}`;
  return found;
}

/** The best of the flags of a processor, as /proc/cpuinfo names them. */
export function bestOf(flags: string): string | undefined {
  const all = new Set(flags.split(/\s+/));
  return KNOWN.find((name) => all.has(name));
}

function flags(): string {
  try {
    return /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}
