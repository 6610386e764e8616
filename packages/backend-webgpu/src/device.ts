// What a GPU does not say by itself: that it is gone, and that it refused a program. tfjs does not ask, so a
// lost device would end in a bare AbortError and a refused program in wrong numbers.

import { MaNetError } from '@ma-net/core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

export interface Watch {
  /** What went wrong first, if anything did. */
  failure(): MaNetError | undefined;
  /** Resolves when the device has done everything asked for; throws what went wrong. */
  settle(): Promise<void>;
}

/**
 * Listens to the device of `backend`, and lets its reads fail with what went wrong. `flush` encodes what was only recorded.
 */
export function watch(backend: WebGPUBackend, flush: () => void): Watch {
  const { device } = backend;
  let failed: MaNetError | undefined;
  const lost = device.lost.then((info) => {
    failed ??= lostError(info);
  });
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    failed ??= refusedError((event as GPUUncapturedErrorEvent).error);
  });

  /** A failure is reported a moment after the call that it makes fail. */
  const check = async (): Promise<void> => {
    await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, 0))]);
    if (failed !== undefined) throw failed;
  };

  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    try {
      const values = await read(dataId);
      if (failed !== undefined) throw failed;
      return values;
    } catch (error) {
      await check();
      throw error;
    }
  };

  return {
    failure: () => failed,
    async settle() {
      if (failed === undefined) {
        flush();
        // A read has submitted everything before it.
        if ((backend as unknown as { commandEncoder: unknown }).commandEncoder != null) {
          backend.endComputePassEncoder();
          backend.submitQueue();
        }
      }
      await device.queue.onSubmittedWorkDone();
      await check();
    },
  };
}

function lostError({ reason, message }: GPUDeviceLostInfo): MaNetError {
  const why = [reason === 'unknown' ? '' : reason, message].filter(Boolean).join(': ');
  return new MaNetError('backend-failed', `The GPU was lost${why === '' ? '' : ` (${why})`}.`, {
    hint: 'a driver reset, a sleeping machine or another program took it away; everything up to the last checkpoint is whole: resume the run.',
  });
}

function refusedError(error: GPUError): MaNetError {
  const message = error.message.split('\n')[0]!;
  if (error.constructor.name === 'GPUOutOfMemoryError' || /exceeds the max \w+ .*limit/.test(message)) {
    return new MaNetError('out-of-memory', `The GPU has no room for a tensor: ${message}`, {
      hint: 'use a smaller batch, and resume from the last checkpoint.',
      cause: error,
    });
  }
  return new MaNetError('backend-failed', `The GPU refused a program: ${message}`, {
    hint: 'no number since the last sync can be trusted: resume from the last checkpoint on another backend, and report this.',
    cause: error,
  });
}
