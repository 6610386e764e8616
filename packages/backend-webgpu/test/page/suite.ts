// What the page runs: the conformance suite, against the browser's own WebGPU.

import { conformance } from '@ma-net/testing';
import { webgpu } from '../../src/adapter.ts';
import { type Outcome, runDeclared } from './vitest.ts';

export interface Page {
  probe(): Promise<unknown>;
  run(): Promise<Outcome[]>;
}

conformance(webgpu);

(globalThis as unknown as { page: Page }).page = { probe: () => webgpu.probe(), run: runDeclared };
