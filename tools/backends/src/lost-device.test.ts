import { webgpu } from '@ma-net/backend-webgpu';
import { startBackend } from '@ma-net/core';
import { describeOn } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { outcome, trainDigits } from './digits.ts';
import './members.ts';

interface WebGpuBackend extends tf.KernelBackend {
  readonly device: { destroy(): void };
}

describeOn(webgpu, 'a GPU lost in the middle of a run', () => {
  test('the run ends with what happened, and is resumed from its checkpoint on a new device', async () => {
    const lost = outcome();
    const session = {
      saveEvery: 2,
      onStep: (step: number) => {
        if (step === 3) (tf.backend() as WebGpuBackend).device.destroy();
      },
    };
    await expect(trainDigits(session, lost)).rejects.toMatchObject({
      code: 'backend-failed',
      message: expect.stringContaining('resume the run') as string,
    });
    expect([...lost.checkpoints.keys()]).toEqual([2]);

    await startBackend(webgpu);
    const { losses } = await trainDigits({ checkpoint: lost.checkpoints.get(2)!, until: 4 });
    expect([...losses.keys()]).toEqual([3, 4]);
    expect(losses.get(3)).toBe(lost.losses.get(3));
  }, 600_000);
});
