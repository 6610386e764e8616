// The gradient of max(x, 0) from its output: tfjs saves the input for it, which then nobody else has any use for, while the
// output is read by what comes next. The values are the same to the bit.

import * as tf from '@tensorflow/tfjs-core';

tf.registerGradient({
  kernelName: tf.Relu,
  outputsToSave: [true],
  gradFunc: (dy, saved) => {
    const [y] = saved as [tf.Tensor];
    return { x: () => tf.mul(dy as tf.Tensor, tf.cast(tf.step(y), 'float32')) };
  },
});
