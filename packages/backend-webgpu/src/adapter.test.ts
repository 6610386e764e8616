import '../test/swiftshader.ts';
import { conformance } from '@ma-net/testing';
import { webgpu } from './adapter.ts';

conformance(webgpu);
