import { conformance } from '@ma-net/testing';
import { expect, test } from 'vitest';
import { twin } from '../test/cpu-build.ts';
import { cuda } from './adapter.ts';

conformance(twin);

test('without a GPU and its package, it says which one to get', async () => {
  const probe = await cuda.probe();
  if (!probe.ok) expect(probe.hint).toBeTruthy();
  else expect(probe.device).toMatch(/\d+ GiB/);
});
