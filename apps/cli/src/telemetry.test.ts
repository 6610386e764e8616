// Nothing leaves the machine unasked. ONNX Runtime would write its telemetry below the user's cache and send it to a
// server. Every way into it is run with a home of its own that is watched, and with a proxy in place of the network:
// its HTTP client hands a proxy the name of the host instead of looking it up. One run has the telemetry on, so that
// the watch is known to see it.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const cli = fileURLToPath(new URL('..', import.meta.url));

/** Computes on `onnx`, or says why not, and waits for its stdin to end. */
const COMPUTE = `(async () => {
  const { startBackend } = await import('@ma-net/core');
  const { onnx } = await import('@ma-net/backend-onnx');
  const tf = await import('@tensorflow/tfjs-core');
  await startBackend(onnx);
  console.log('computed ' + (await tf.add(tf.scalar(1), 1).data()));
})().catch((error) => console.log(error.message));`;
const inWorker = (first: string): string =>
  `${first}
   const { Worker } = await import('node:worker_threads');
   new Worker(${JSON.stringify(COMPUTE)}, { eval: true });
   process.stdin.resume();`;

/** By these it knows a build server, where it tells nothing anyway: the watch would see nothing. */
const BUILD_SERVERS = [
  ...[
    'CI',
    'TF_BUILD',
    'GITHUB_ACTIONS',
    'GITLAB_CI',
    'CIRCLECI',
    'TRAVIS',
    'JENKINS_URL',
    'CODEBUILD_BUILD_ID',
  ],
  ...['BUILDKITE', 'TEAMCITY_VERSION', 'APPVEYOR', 'BITBUCKET_BUILD_NUMBER', 'ORT_DISABLE_TELEMETRY'],
];

interface Watched {
  readonly process: ChildProcess;
  readonly home: string;
  output: string;
  /** What it asked the network for. */
  readonly asked: string[];
}

const running: Watched[] = [];
afterAll(() => {
  for (const { process } of running) process.kill();
});

async function watched(args: readonly string[], environment: Record<string, string> = {}): Promise<Watched> {
  const asked: string[] = [];
  const proxy = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => asked.push(String(data).split('\r\n')[0]!));
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  proxy.unref();
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const home = mkdtempSync(join(tmpdir(), 'ma-net-home-'));
  const inherited = { ...process.env };
  for (const name of BUILD_SERVERS) delete inherited[name];
  const child = spawn(process.execPath, args, {
    cwd: cli,
    env: {
      ...inherited,
      ...{ HOME: home, USERPROFILE: home, XDG_CACHE_HOME: join(home, 'cache'), LOCALAPPDATA: home },
      ...{ https_proxy: address, HTTPS_PROXY: address, http_proxy: address, no_proxy: '', NO_COLOR: '1' },
      ...environment,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const run: Watched = { process: child, home, output: '', asked };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => (run.output += String(text)));
  running.push(run);
  return run;
}

const module = (source: string): string[] => ['--input-type=module', '-e', source];
const files = ({ home }: Watched): string[] => readdirSync(home, { recursive: true }) as string[];
/** Resolves when `condition` holds, or after some time. */
async function until(condition: () => boolean, seconds: number): Promise<boolean> {
  const end = performance.now() + 1000 * seconds;
  while (!condition() && performance.now() < end) await new Promise((done) => setTimeout(done, 100));
  return condition();
}

const library = `${COMPUTE} process.stdin.resume();`;
const quiet: Record<string, Watched> = {};
let told: Watched;

beforeAll(async () => {
  told = await watched(module(library), { ORT_DISABLE_TELEMETRY: '0' });
  quiet['a program'] = await watched(module(library));
  quiet['a worker of one'] = await watched(module(inWorker("await import('@ma-net/backend-onnx');")));
  quiet['the command'] = await watched([
    'bin/manet.js',
    ...['bench', '--backend', 'onnx', '--network', 'resnet-test', '--batch', '2', '--steps', '1'],
  ]);
  for (const run of [told, quiet['a program'], quiet['a worker of one']])
    expect(await until(() => run.output.includes('computed 2'), 120), run.output).toBe(true);
  const { process: command } = quiet['the command'];
  await until(() => command.exitCode !== null, 120);
  // It sends after some seconds, where there are certificates to check the server by.
  await until(() => told.asked.length > 0, 20);
}, 300_000);

test('the watch sees telemetry where somebody asks for it', () => {
  if (process.platform === 'linux') expect(files(told).join()).toMatch(/onnxruntime\.db/);
  for (const request of told.asked) expect(request).toMatch(/^CONNECT \S+:443 /);
});

test.each(['a program', 'a worker of one', 'the command'])(
  '%s writes nothing and asks for nothing',
  (name) => {
    const run = quiet[name]!;
    expect(run.output).toMatch(name === 'the command' ? /resnet-test/ : /computed 2/);
    expect(files(run)).toEqual([]);
    expect(run.asked).toEqual([]);
  },
);

test('a worker whose main thread did not switch it off is refused, and told how', async () => {
  const run = await watched(module(inWorker('')));
  expect(await until(() => run.output.includes('ORT_DISABLE_TELEMETRY=1'), 60), run.output).toBe(true);
  expect(run.output).not.toContain('computed');
  expect(files(run)).toEqual([]);
});
