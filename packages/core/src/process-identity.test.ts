import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isRunning, ownIdentity } from './node.ts';
import { startOf } from './process-identity.ts';

const own = ownIdentity();

test('this process runs', () => {
  expect(isRunning(own)).toBe('yes');
  expect(isRunning({ ...own })).toBe('yes');
});

test('another process runs until it is killed, reaped or not', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const identity = { ...own, pid: child.pid!, started: startOf(child.pid!)! };
  expect(isRunning(identity)).toBe('yes');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isRunning(identity)).toBe('no');
});

test.runIf(process.platform === 'linux')('a number that was used again is another process', () => {
  const [boot, ticks] = own.started.split('/');
  expect(isRunning({ ...own, started: `${boot}/${Number(ticks) - 1}` })).toBe('no');
});

test.runIf(process.platform === 'linux')('nothing of an earlier start of the machine runs', () => {
  const [, ticks] = own.started.split('/');
  expect(isRunning({ ...own, started: `00000000-0000-0000-0000-000000000000/${ticks}` })).toBe('no');
});

test('of other machines and containers nothing is known', () => {
  expect(isRunning({ ...own, host: 'another.example' })).toBe('unknown');
  expect(isRunning({ ...own, space: 'pid:[1]' })).toBe('unknown');
});
