// Every kernel that is lowered to ONNX; any other runs on the host (see ../host.ts).

import type { KernelTable } from '../kernel.ts';
import { arrange } from './arrange.ts';
import { binary } from './binary.ts';
import { conv } from './conv.ts';
import { depthwise } from './depthwise.ts';
import { gather } from './gather.ts';
import { matmul } from './matmul.ts';
import { norm } from './norm.ts';
import { pool } from './pool.ts';
import { reduce } from './reduce.ts';
import { resize } from './resize.ts';
import { unary } from './unary.ts';

export const kernels: KernelTable = {
  ...unary,
  ...binary,
  ...reduce,
  ...matmul,
  ...conv,
  ...depthwise,
  ...pool,
  ...norm,
  ...resize,
  ...arrange,
  ...gather,
};
