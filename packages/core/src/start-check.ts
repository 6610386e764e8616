// The first thing an adapter asks of what it has just started: a product and a sum whose answers are known. A
// driver that loads and then computes nothing, or nonsense, is found here and not in a loss curve.

import * as tf from '@tensorflow/tfjs-core';
import { MaNetError } from './errors.ts';

/** Throws `backend-unavailable` unless tfjs's current backend can multiply and add; `name` is for the message. */
export async function checkStart(name: string): Promise<void> {
  const [product, sum] = tf.tidy(() => {
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const b = tf.tensor2d([5, 6], [2, 1]);
    return [tf.matMul(a, b), tf.sum(tf.square(a))] as const;
  });
  let found: number[];
  try {
    found = [...(await product.data()), ...(await sum.data())];
  } catch (error) {
    throw refusal(name, error instanceof Error ? error.message.split('\n')[0]! : String(error), error);
  } finally {
    tf.dispose([product, sum]);
  }
  if (found.join() !== '17,39,30') throw refusal(name, `17, 39, 30 came out as ${found.join(', ')}`);
}

function refusal(name: string, why: string, cause?: unknown): MaNetError {
  return new MaNetError('backend-unavailable', `${name} started, but its first product failed: ${why}.`, {
    hint: 'update the driver of the device, or use another backend.',
    cause,
  });
}
