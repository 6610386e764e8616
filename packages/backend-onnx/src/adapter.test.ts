import { conformance } from '@ma-net/testing';
import { onnx } from './adapter.ts';

conformance(onnx);
