import { startBackend } from '@ma-net/core';
import { describeOn } from '@ma-net/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { largestDifference, readCurve, writeCurve } from './curve.ts';
import { type Outcome, STEPS, trainDigits } from './digits.ts';
import { LOSS_TOLERANCE, members, reference } from './members.ts';

/** Half of the run is plain and astrocyte rounds, the other half prunes. */
const HALF = 10;
/** Steps that are enough to see that a resumed run goes on as it should. */
const FEW = 2;
// A software renderer compiles each program when it first meets it.
const MINUTES = 60_000;

declare module 'vitest' {
  interface TaskMeta {
    /** Of a loss to the curve; the table shows it. */
    difference?: number;
  }
}

let onReference: Outcome;

beforeAll(async () => {
  await startBackend(reference);
  onReference = await trainDigits({ saveEvery: HALF });
  if (process.env['MA_NET_WRITE'] !== undefined) writeCurve(onReference.losses);
}, 5 * MINUTES);

const steps = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i + 1);

function expectCurve(losses: ReadonlyMap<number, number>, from: number, to: number): void {
  const { step, relative } = largestDifference(losses, readCurve());
  expect([...losses.keys()]).toEqual(steps(from, to));
  expect(relative, `at step ${step}`).toBeLessThan(LOSS_TOLERANCE);
}

test('the program goes through every kind of round', () => {
  expect([...onReference.kinds].sort()).toEqual(['astrocytes', 'neurons', 'plain']);
});

describe.each(members.map((adapter) => [adapter.name, adapter] as const))('%s', (_, adapter) => {
  describeOn(adapter, `digits on ${adapter.name}`, () => {
    let here: Outcome;
    beforeAll(async () => {
      await startBackend(adapter);
      here = adapter === reference ? onReference : await trainDigits({ saveEvery: HALF });
    }, 10 * MINUTES);

    test(`${STEPS} steps follow the committed curve`, ({ task }) => {
      task.meta.difference = largestDifference(here.losses, readCurve()).relative;
      expectCurve(here.losses, 0, STEPS);
    });

    test(
      'a checkpoint of the reference is resumed here',
      async () => {
        const checkpoint = onReference.checkpoints.get(HALF)!;
        const { losses } = await trainDigits({ checkpoint, until: HALF + FEW });
        expectCurve(losses, HALF, HALF + FEW);
      },
      5 * MINUTES,
    );

    test(
      'a checkpoint from here is resumed on the reference',
      async () => {
        await startBackend(reference);
        try {
          const { losses } = await trainDigits({ checkpoint: here.checkpoints.get(HALF)! });
          expectCurve(losses, HALF, STEPS);
        } finally {
          await startBackend(adapter);
        }
      },
      5 * MINUTES,
    );

    test(
      'a checkpoint from here is resumed here, bit for bit',
      async () => {
        const checkpoint = here.checkpoints.get(HALF)!;
        const { losses } = await trainDigits({ checkpoint, until: HALF + FEW });
        expect([...losses]).toEqual([...here.losses].slice(HALF, HALF + FEW));
      },
      5 * MINUTES,
    );
  });
});
