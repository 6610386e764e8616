import { cpu } from '@ma-net/backend-cpu';
import { type Ranks, startBackend } from '@ma-net/core';
import { ranksOf } from '@ma-net/testing';
import { fit } from '@ma-net/trainer';
import { beforeAll, describe, expect, test } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { openRun, runOf } from './open.ts';
import { followRanks, leadRanks, sharingOf, trainPart } from './shared-run.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const recipe = await changed(
  ...['network.name=resnet-test', 'data.trainLimit=64', 'data.testLimit=20', 'batchSize=16', 'epochs=1'],
  'method=plain',
);

async function led(ranks: Ranks, of = recipe) {
  const open = await openRun(of, installed);
  const state = open.start();
  await leadRanks({ open, asked: of, state }, ranks);
  return { open, state };
}

test('rank 0 takes the others along: the same state at the start, and at the end', async () => {
  const [first, second] = ranksOf(2);
  const [leader, follower] = await Promise.all([
    led(first!),
    followRanks(second!, { installed, asked: recipe }),
  ]);
  const weights = async ({ state }: { state: (typeof leader)['state'] }): Promise<number[]> => {
    const read = await Promise.all(Object.values(state.sections.params).map((t) => t.data()));
    return read.flatMap((values) => Array.from(values));
  };
  const start = await weights(leader);
  expect(await weights(follower!)).toEqual(start);
  await Promise.all([
    fit({
      ...runOf(leader.open),
      state: leader.state,
      listen: () => undefined,
      sharing: sharingOf(leader.open, first!),
    }),
    trainPart(follower!, second!),
  ]);
  expect(follower!.state.step).toBe(leader.state.step);
  const end = await weights(leader);
  expect(end).not.toEqual(start);
  expect(await weights(follower!)).toEqual(end);
}, 60_000);

describe('before anything is trained it is refused that', () => {
  test.each([
    ['the recipe is another one', ['seed=7'], 'Its recipe is another one: seed: 0, now 7'],
    ['the data are others', ['data.trainLimit=48'], 'Its recipe is another one'],
  ])('%s', async (_, changes, words) => {
    const [first, second] = ranksOf(2);
    const other = await changed(
      ...['network.name=resnet-test', 'data.trainLimit=64', 'data.testLimit=20', 'batchSize=16', 'epochs=1'],
      ...['method=plain', ...changes],
    );
    const [leader, follower] = await Promise.allSettled([
      led(first!),
      followRanks(second!, { installed, asked: other }),
    ]);
    expect(leader).toMatchObject({ status: 'rejected', reason: { code: 'bad-recipe', where: 'rank 1' } });
    expect(String((leader as PromiseRejectedResult).reason)).toContain(words);
    expect(follower).toMatchObject({ status: 'fulfilled', value: undefined });
  });

  test('a mini-batch cannot be shared', async () => {
    await expect(led(ranksOf(3)[0]!)).rejects.toMatchObject({ code: 'bad-recipe', where: 'batchSize' });
  });
});
