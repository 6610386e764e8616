// What a page runs: the conformance suite, against the browser's own WebGPU.

import { webgpu } from '@ma-net/backend-webgpu';
import { conformance } from '@ma-net/testing';
import { offer } from './page.ts';

conformance(webgpu);
offer(webgpu);
