import { cpu } from '@ma-net/backend-cpu';
import { cuda } from '@ma-net/backend-cuda';
import { onnx } from '@ma-net/backend-onnx';
import { webgpu } from '@ma-net/backend-webgpu';
import type { Column } from './table.ts';

const { tolerance } = webgpu;

/** What the table compares, and what stood in for hardware that the tests do not have. */
export const columns: readonly Column[] = [
  { ...cpu, title: '`cpu`', suite: 'conformance of cpu', backend: 'cpu', device: 'JavaScript' },
  { ...onnx, title: '`onnx`', suite: 'conformance of onnx', backend: 'onnx', device: 'ONNX Runtime, CPU' },
  {
    title: '`onnx` in Chromium',
    suite: 'conformance of onnx in Chromium',
    device: 'ONNX Runtime, WebAssembly',
    tolerance: onnx.tolerance,
  },
  {
    title: '`webgpu` in Node',
    suite: 'conformance of webgpu',
    backend: 'webgpu',
    device: 'Dawn on SwiftShader',
    tolerance,
  },
  {
    title: '`webgpu` in Chromium',
    suite: 'conformance of webgpu in Chromium',
    device: 'SwiftShader',
    tolerance,
  },
  {
    title: '`cuda`',
    suite: 'conformance of cuda',
    backend: 'cuda',
    device: 'libtensorflow, CPU build',
    tolerance: cuda.tolerance,
  },
];

/** The page, from the root of the repository. */
export const PAGE = 'docs/guide/backend-table.md';
