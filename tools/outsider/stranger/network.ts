// A network of one's own, with the layer of one's own in it.

import { defineNetwork } from '@ma-net/core';
import { gain } from './gain.ts';

export const barsNet = defineNetwork('bars-net', { images: [8, 8, 1] }, (net, { images }) => {
  let x = net.conv('first', images, { out: 8, kernel: 3 });
  x = net.relu(net.apply(gain, 'scale', [x], null));
  x = net.relu(net.conv('second', x, { out: 8, kernel: 3 }));
  return { logits: net.dense('classifier', net.globalAveragePool(x), { out: 2 }) };
});
