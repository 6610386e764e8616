import { describe, expect, test } from 'vitest';
import { MaNetError, nearest, suggestion } from './errors.ts';

test('an error says what, where and what to do next, in this order', () => {
  const cause = new Error('below');
  const error = new MaNetError('bad-file', 'It is short.', {
    where: 'a.bin, byte 7',
    hint: 'fetch it again.',
    cause,
  });
  expect(error.message).toBe('It is short.\n  at a.bin, byte 7\n  hint: fetch it again.');
  expect(error).toMatchObject({ name: 'MaNetError', code: 'bad-file', cause });
  expect(error).toMatchObject({ where: 'a.bin, byte 7', hint: 'fetch it again.' });
  expect(new MaNetError('bad-file', 'It is short.').message).toBe('It is short.');
  expect('cause' in new MaNetError('bad-file', 'It is short.')).toBe(false);
});

describe('nearest', () => {
  const names = ['resnet18', 'resnet34', 'vit-b16', 'swin-t'];

  test.each([
    ['resnet81', 'resnet18'],
    ['ResNet34', 'resnet34'],
    ['vitb16', 'vit-b16'],
    ['swin', 'swin-t'],
    ['resnet18', 'resnet18'],
  ])('for %s is %s', (typed, meant) => {
    expect(nearest(typed, names)).toBe(meant);
  });

  test('is nothing when nothing is close', () => {
    expect(nearest('transformer-xl', names)).toBeUndefined();
    expect(nearest('resnet18', [])).toBeUndefined();
  });
});

test('suggestion names the nearest if there is one, and all that are known', () => {
  expect(suggestion('swim-t', ['swin-t', 'vit'])).toBe('did you mean "swin-t"? known: swin-t, vit');
  expect(suggestion('zebra', ['swin-t', 'vit'])).toBe('known: swin-t, vit');
});

test('suggestion says where many names are listed, and which are close', () => {
  const many = Array.from({ length: 45 }, (_, i) => `net${i}-cifar`);
  const listing = 'run "manet networks".';
  expect(suggestion('net17-cifra', many, listing)).toMatch(
    /^did you mean "net17-cifar" or .*\? 45 are known: run/,
  );
  expect(suggestion('cifar', many, listing)).toContain('did you mean "net0-cifar"');
  expect(suggestion('zebra', many, listing)).toBe('45 are known: run "manet networks".');
  expect(suggestion('', many, listing)).toBe('45 are known: run "manet networks".');
  expect(suggestion('zebra', ['swin-t', 'vit'], listing)).toBe('known: swin-t, vit');
});
