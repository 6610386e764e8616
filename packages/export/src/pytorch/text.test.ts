import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, ops, Rng, startBackend } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import { beforeAll, expect, test } from 'vitest';
import { safetensors } from '../safetensors.ts';
import { pytorchText } from './text.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const folder = mkdtempSync(join(tmpdir(), 'ma-net-text-'));
const facts = { shapes: {}, classNames: ['a', 'b', 'c'], input: { mean: [0.5], std: [0.25], white: 255 } };

test('the lines of a small network, whose variables are used again', () => {
  const network = defineNetwork('tiny', { images: [4, 4, 1] }, (net, { images }) => {
    const a = net.relu(net.batchNorm('bn1', net.conv('conv1', images, { out: 2, kernel: 3 })));
    const b = net.add(net.conv('conv2', a, { out: 2, kernel: 3 }), a);
    return { logits: net.dense('fc', net.flatten(b), { out: 3 }) };
  });
  const text = pytorchText(network, facts, 'tiny.safetensors');
  expect(text.slice(text.indexOf('class Model'), text.indexOf('def load'))).toBe(`\
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        put(self, 'conv1', 'add_module', nn.Conv2d(1, 2, 3, padding=1, bias=False))
        put(self, 'bn1', 'add_module', nn.BatchNorm2d(2))
        put(self, 'conv2', 'add_module', nn.Conv2d(2, 2, 3, padding=1, bias=False))
        put(self, 'fc', 'add_module', nn.Linear(32, 3))

    def forward(self, images):
        m = self.get_submodule
        x = m('conv1')(images)
        x = m('bn1')(x)
        x = F.relu(x)
        y = m('conv2')(x)
        x = y + x
        x = x.permute(0, 2, 3, 1)
        x = x.flatten(1)
        x = m('fc')(x)
        return x


`);
});

test('a model is written beside its weights where it is asked for, and names them', async () => {
  const network = await createTNet('resnet-test', { numClasses: 3 });
  const trained = { network, ...network.init(Rng.fromSeed(1)) };
  const [path, model] = [join(folder, 'mine.safetensors'), join(folder, 'mine.py')];
  await safetensors.write(path, trained, facts, { pixels: false });
  expect(existsSync(model)).toBe(false);
  expect(await safetensors.write(path, trained, facts, { pixels: false, model })).toContain(model);
  expect(readFileSync(model, 'utf8')).toBe(pytorchText(network, facts, 'mine.safetensors'));
  expect(readFileSync(model, 'utf8')).toContain('WEIGHTS = "mine.safetensors"');
});

test('nothing is written for a network without a form in PyTorch', async () => {
  const own = { ...ops.relu, kind: 'twice' };
  const network = defineNetwork('own', { images: [4, 4, 1] }, (net, { images }) => ({
    logits: net.globalAveragePool(net.apply(own, 'mine', [images], null)),
  }));
  const trained = { network, ...network.init(Rng.fromSeed(1)) };
  const [path, model] = [join(folder, 'own.safetensors'), join(folder, 'own.py')];
  await expect(safetensors.write(path, trained, facts, { pixels: false, model })).rejects.toMatchObject({
    code: 'unsupported-op',
    message: expect.stringContaining('--no-model'),
  });
  expect([path, model].filter(existsSync)).toEqual([]);
});
