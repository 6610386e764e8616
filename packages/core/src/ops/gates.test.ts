// Values and gradients of layers that pool, scale and divide, and of learned positions, against functions in double precision.

import '../../test/cpu.ts';
import { checkLayers, everywhere, type Layer } from '../../test/layer-values.ts';

const layers: readonly Layer[] = [
  {
    name: 'scale',
    inputs: { x: [5] },
    layer: (net, { x }) => net.scale(x!, -0.3),
    reference: ([x]) => x!.map((value) => -0.3 * value),
  },
  {
    name: 'div',
    inputs: { x: [2, 3, 2], by: [2, 3, 2] },
    layer: (net, { x, by }) => net.div(x!, net.exp(by!)),
    reference: ([x, by]) => x!.map((value, i) => value / Math.exp(by![i]!)),
  },
  ...[2, 3].map(
    (size): Layer => ({
      name: `adaptiveAvgPool to ${size} cells`,
      inputs: { x: [4, 6, 2] },
      layer: (net, { x }) => net.adaptiveAvgPool(x!, { size }),
      reference: ([x]) =>
        everywhere([size, size, 2], (b, row, column, c) => {
          const [top, bottom] = [Math.floor((row * 4) / size), Math.ceil(((row + 1) * 4) / size)];
          const [left, right] = [Math.floor((column * 6) / size), Math.ceil(((column + 1) * 6) / size)];
          let sum = 0;
          for (let y = top; y < bottom; y++)
            for (let at = left; at < right; at++) sum += x![((b * 4 + y) * 6 + at) * 2 + c]!;
          return sum / ((bottom - top) * (right - left));
        }),
    }),
  ),
  {
    name: 'adaptiveAvgPool of a square',
    inputs: { x: [4, 4, 2] },
    layer: (net, { x }) => net.adaptiveAvgPool(x!, { size: 2 }),
    reference: ([x]) =>
      everywhere([2, 2, 2], (b, row, column, c) => {
        const corner = ((b * 4 + 2 * row) * 4 + 2 * column) * 2 + c;
        return (x![corner]! + x![corner + 2]! + x![corner + 8]! + x![corner + 10]!) / 4;
      }),
  },
  {
    name: 'gridPositions',
    inputs: { x: [2, 3, 4] },
    layer: (net, { x }) => net.gridPositions('p', x!, { most: 5 }),
    reference: ([x, row, column]) =>
      everywhere(
        [2, 3, 4],
        (b, y, at, c) =>
          x![((b * 2 + y) * 3 + at) * 4 + c]! + (c < 2 ? row![y * 2 + c]! : column![at * 2 + c - 2]!),
      ),
  },
];

checkLayers(layers);
