import { conformance } from '@ma-net/testing';
import { useSwiftShader } from '@ma-net/testing/node';
import { webgpu } from './adapter.ts';

useSwiftShader();

conformance(webgpu);
