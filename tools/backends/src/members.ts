// Every backend, where this machine can start it, and how far its losses may be from the curve.

import { cpu } from '@ma-net/backend-cpu';
import { tensorflow } from '@ma-net/backend-cuda';
import { onnx } from '@ma-net/backend-onnx';
import { webgpu } from '@ma-net/backend-webgpu';
import type { BackendAdapter } from '@ma-net/core';
import { tfjsNode, useSwiftShader } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';

useSwiftShader();
// tfjs-node brings a copy of tfjs, which says of each kernel that it is there already.
tf.env().set('IS_TEST', true);

/** The CUDA adapter on libtensorflow's CPU kernels: the same binding, the same code, no GPU. */
const cuda = tensorflow({ name: 'cuda', priority: 0, module: tfjsNode, device: 'cpu' });

/** What the others are compared with. */
export const reference: BackendAdapter = cpu;

export const members: readonly BackendAdapter[] = [cpu, onnx, webgpu, cuda];

/** Largest relative difference of a loss to the curve within the twenty steps; observed: 3e-7. */
export const LOSS_TOLERANCE = 1e-5;
