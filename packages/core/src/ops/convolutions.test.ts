// Convolutions of every kind, against sums in double precision as a person would write them.

import { expect, test } from 'vitest';
import '../../test/cpu.ts';
import { checkLayers, everywhere, type Layer } from '../../test/layer-values.ts';
import { padOf } from '../shapes.ts';

/** A layer of windows over images [2, 7, 5, 4], and what a person would write for it. */
function convolution(
  name: string,
  {
    kernel = 3,
    stride = 1,
    dilation = 1,
    pad = Math.floor(((kernel - 1) * dilation + 1) / 2),
    ...more
  }: Windows,
): Layer {
  const { out, groups = 1, depthwise = false } = more;
  const [height, width, channels] = [7, 5, 4];
  const options = { kernel, stride, dilation, bias: true, ...('pad' in more ? { pad } : {}) };
  const sides = [height, width].map(
    (n) => Math.floor((n + 2 * pad - (kernel - 1) * dilation - 1) / stride) + 1,
  );
  const [perGroup, made] = [channels / groups, depthwise ? channels : out!];
  return {
    name: `${name} of kernel ${kernel}, stride ${stride}, dilation ${dilation}, padding ${pad}`,
    inputs: { x: [height, width, channels] },
    layer(net, { x }) {
      const given = { ...options, pad };
      if (depthwise) return net.depthwiseConv('c', x!, given);
      if (groups === 1) return net.conv('c', x!, { ...given, out: made });
      return net.groupedConv('c', x!, { ...given, groupWidth: perGroup, groupOut: made / groups });
    },
    reference: ([x, weight, bias]) =>
      everywhere([sides[0]!, sides[1]!, made], (b, row, column, o) => {
        let sum = bias![o]!;
        for (let tap = 0; tap < kernel * kernel; tap++) {
          const y = row * stride + Math.floor(tap / kernel) * dilation - pad;
          const at = column * stride + (tap % kernel) * dilation - pad;
          if (y < 0 || y >= height || at < 0 || at >= width) continue;
          const pixel = ((b * height + y) * width + at) * channels;
          if (depthwise) {
            sum += weight![tap * channels + o]! * x![pixel + o]!;
            continue;
          }
          const first = Math.floor(o / (made / groups)) * perGroup;
          for (let i = 0; i < perGroup; i++)
            sum += weight![(tap * perGroup + i) * made + o]! * x![pixel + first + i]!;
        }
        return sum;
      }),
  };
}

interface Windows {
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly pad?: number;
  readonly out?: number;
  readonly groups?: number;
  readonly depthwise?: boolean;
}

checkLayers([
  ...[
    { dilation: 2 },
    { dilation: 2, stride: 2 },
    { dilation: 3, stride: 2 },
    { dilation: 2, stride: 4 },
    { dilation: 2, kernel: 2, pad: 3 },
    { dilation: 3, kernel: 1, pad: 1 },
  ].flatMap((windows) => [
    convolution('conv', { ...windows, out: 3 }),
    convolution('depthwiseConv', { ...windows, depthwise: true }),
  ]),
  ...[1, 2].flatMap((stride) => [
    convolution('groupedConv of 2 groups', { groups: 2, out: 4, stride }),
    convolution('groupedConv of 4 groups', { groups: 4, out: 4, stride }),
    convolution('groupedConv to more channels', { groups: 2, out: 6, stride, dilation: 2 }),
  ]),
]);

test('padding is half of what a window reaches over, unless it is given', () => {
  const reaches = [1, 2, 3, 5].map((kernel) => padOf({ kernel, stride: 1 }));
  expect(reaches).toEqual([0, 1, 1, 2]);
  // Three taps, three apart: seven positions.
  expect(padOf({ kernel: 3, stride: 1, dilation: 3 })).toBe(3);
  expect(padOf({ kernel: 3, stride: 1, pad: 0 })).toBe(0);
});
