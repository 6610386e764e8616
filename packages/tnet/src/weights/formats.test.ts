import { type HostTensor, type Network, toTorchLayout } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { createTNet, tnetNames } from '../index.ts';
import { fromPyTorch, toPyTorch, torchNames } from './formats.ts';

/** Tensors of a network in our layouts, every number different. */
function numbered(network: Network): Record<string, HostTensor> {
  let next = 0;
  return Object.fromEntries(
    [...network.parameters, ...network.statistics].map(({ name, shape }) => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next++);
      return [name, { shape, dtype: 'float32', data }];
    }),
  );
}

const tests = tnetNames.filter((name) => name.endsWith('-test'));
const cases = tests.flatMap((name): [string, string][] => [
  [name, 'torchvision'],
  [name, 'timm'],
  ...(name.startsWith('swin') ? ([[name, 'microsoft']] as [string, string][]) : []),
]);

describe.each(cases)("%s in %s's names", (name, format) => {
  test('comes back as it was', async () => {
    const network = await createTNet(name, { numClasses: 5 });
    const tensors = numbered(network);
    const read = fromPyTorch(network, toPyTorch(network, tensors, format));
    expect(read.differences).toEqual([]);
    expect(read.tensors).toEqual(toTorchLayout(network.parameters, tensors));
  });
});

test.each(tests)('torchNames of %s tells where each tensor lies in the file', async (name) => {
  const network = await createTNet(name, { numClasses: 5 });
  const tensors = numbered(network);
  const file = toPyTorch(network, tensors);
  const { places, shapes } = torchNames(network);
  const written = Object.entries(file).map(([tensor, { shape }]) => [tensor, shape]);
  expect({ ...shapes }).toEqual(Object.fromEntries(written));
  for (const [ours, { data }] of Object.entries(toTorchLayout(network.parameters, tensors))) {
    const place = places[ours]!;
    const whole = file[place.name]!.data;
    const size = whole.length / place.parts;
    expect(whole.subarray(place.part * size, (place.part + 1) * size)).toEqual(data);
  }
});

describe("timm's names", () => {
  const namesOf = async (name: string, format: string): Promise<string[]> => {
    const network = await createTNet(name, { numClasses: 5 });
    return Object.keys(toPyTorch(network, numbered(network), format));
  };

  // Written down from the libraries' own models, which name their modules so.
  test('of a vision transformer', async () => {
    const names = await namesOf('vit-test', 'timm');
    const block = ['norm1', 'attn.qkv', 'attn.proj', 'norm2', 'mlp.fc1', 'mlp.fc2'];
    const modules = [
      'patch_embed.proj',
      ...[0, 1].flatMap((i) => block.map((m) => `blocks.${i}.${m}`)),
      'norm',
      'head',
    ];
    expect(names.toSorted()).toEqual(
      ['cls_token', 'pos_embed', ...modules.flatMap((m) => [`${m}.weight`, `${m}.bias`])].toSorted(),
    );
  });

  test.each([
    ['timm', 'layers.1.downsample', 'head.fc'],
    ['microsoft', 'layers.0.downsample', 'head'],
  ])('of a Swin transformer, %s', async (format, merge, head) => {
    const names = await namesOf('swin-test', format);
    const block = ['norm1', 'attn.qkv', 'attn.proj', 'norm2', 'mlp.fc1', 'mlp.fc2'];
    const layers = [0, 1].flatMap((s) => [0, 1].map((i) => `layers.${s}.blocks.${i}`));
    const modules = [
      'patch_embed.proj',
      'patch_embed.norm',
      ...layers.flatMap((layer) => block.map((m) => `${layer}.${m}`)),
      `${merge}.norm`,
      'norm',
      head,
    ];
    expect(names.toSorted()).toEqual(
      [
        ...modules.flatMap((m) => [`${m}.weight`, `${m}.bias`]),
        ...layers.map((layer) => `${layer}.attn.relative_position_bias_table`),
        `${merge}.reduction.weight`,
      ].toSorted(),
    );
  });
});

test('torchvision finds the table of indices beside each table of biases', async () => {
  const network = await createTNet('swin-test', { numClasses: 5 });
  const file = toPyTorch(network, numbered(network));
  // A window of 2 x 2 has differences -1..1 in both directions: (dy + 1) * 3 + dx + 1.
  expect([...file['features.1.0.attn.relative_position_index']!.data]).toEqual([
    4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4,
  ]);
});

test('an unknown format is refused', async () => {
  const network = await createTNet('vit-test', { numClasses: 5 });
  expect(() => toPyTorch(network, numbered(network), 'tim')).toThrow(/did you mean "timm"\?/);
});
