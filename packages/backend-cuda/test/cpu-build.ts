import { tfjsNode } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';
import { tensorflow } from '../src/tensorflow.ts';

// It brings a copy of tfjs of its own, which says of each kernel that it is there already.
tf.env().set('IS_TEST', true);

/** The CUDA adapter on libtensorflow's CPU kernels; not available where they are not built. */
export const twin = tensorflow({ name: 'cuda', priority: 0, module: tfjsNode, device: 'cpu' });
