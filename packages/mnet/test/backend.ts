// The stock cpu backend of tfjs: slow, exact, and not ours. Gradients come with core.

import '@ma-net/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

tf.env().set('IS_TEST', true);
