// What a page runs: the conformance suite, against the engine in WebAssembly.

import { onnx } from '@ma-net/backend-onnx';
import { conformance } from '@ma-net/testing';
import { env } from 'onnxruntime-web/wasm';
import { offer } from './page.ts';

// A bundler that knows of assets finds the file by itself; this page is one script.
env.wasm.wasmPaths = '/';
conformance(onnx);
offer(onnx);
