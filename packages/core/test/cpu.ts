// The stock cpu backend of tfjs: slow, exact, and not ours. Gradients come with core.

import '../src/index.ts';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll } from 'vitest';

tf.env().set('IS_TEST', true);
beforeAll(() => tf.setBackend('cpu'));
