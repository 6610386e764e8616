import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listGpus, parseSmi } from './nvidia.ts';

test('parseSmi reads a GPU per line', () => {
  expect(parseSmi('NVIDIA H200, 143771\nNVIDIA GeForce RTX 3090, 24576\n')).toEqual([
    { name: 'NVIDIA H200', memory: '140 GiB' },
    { name: 'NVIDIA GeForce RTX 3090', memory: '24 GiB' },
  ]);
});

test('parseSmi finds none in what nvidia-smi prints without a driver', () => {
  expect(parseSmi('')).toEqual([]);
  expect(parseSmi("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")).toEqual(
    [],
  );
});

test('without nvidia-smi, what the driver says of itself', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'ma-net-nvidia-'));
  mkdirSync(join(proc, '0000:01:00.0'));
  writeFileSync(join(proc, '0000:01:00.0/information'), 'Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   42\n');
  const path = process.env['PATH'];
  process.env['PATH'] = proc;
  try {
    expect(await listGpus(proc)).toEqual([{ name: 'NVIDIA A100-SXM4-40GB', memory: '' }]);
    expect(await listGpus(join(proc, 'nowhere'))).toEqual([]);
  } finally {
    process.env['PATH'] = path;
  }
});
