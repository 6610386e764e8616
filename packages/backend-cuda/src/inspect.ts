// Loads TensorFlow in a process of its own and listens to what it complains about.

import { execFile } from 'node:child_process';
import type { Probe } from '@ma-net/core';
import { environment } from './environment.ts';

type Refusal = Extract<Probe, { ok: false }>;

const MARK = 'ma-net:';

// Repairs `node:util` as repair.ts does: a process of its own shares no module with this one.
const program = `
const util = require('node:util');
util.isArray ??= Array.isArray;
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
const tf = require(process.argv[1]);
console.log('${MARK}' + JSON.stringify({ gpu: tf.backend().isUsingGpuDevice === true }));
`;

/** Whether TensorFlow at `path` loads and lists a GPU, or what it lacks. */
export async function inspect(path: string): Promise<{ readonly gpu: boolean } | Refusal> {
  const { stdout, stderr } = await run(path);
  const answer = stdout.split('\n').find((line) => line.startsWith(MARK));
  const missing = missingLibraries(stderr);
  const seen = answer === undefined ? undefined : (JSON.parse(answer.slice(MARK.length)) as { gpu: boolean });
  if (seen?.gpu === true) return seen;
  if (missing.length > 0) {
    return {
      ok: false,
      reason: `TensorFlow did not find the CUDA ${missing.length === 1 ? 'library' : 'libraries'} ${missing.join(', ')}`,
      hint: 'libtensorflow 2.9.1 needs CUDA 11.2 and cuDNN 8.1: install them, and put their folder on LD_LIBRARY_PATH (PATH on Windows)',
    };
  }
  return seen ?? { ok: false, reason: `TensorFlow did not load: ${complaint(stderr)}`, hint: REINSTALL };
}

const REINSTALL = 'reinstall the package; its native library must be built for this system and processor';

/** Libraries of CUDA that the loader or TensorFlow asked for in vain. */
export function missingLibraries(output: string): string[] {
  const patterns = [
    /Could not load dynamic library '([^']+)'/g,
    /(\S+?): cannot open shared object file/g,
    /Cannot dlopen some GPU libraries[^\n]*\n/g,
  ];
  const names = patterns.flatMap((pattern) => [...output.matchAll(pattern)].map((match) => match[1]));
  return [...new Set(names.filter((name) => name !== undefined && /^(lib)?(cu|nv)/.test(name)))] as string[];
}

/** The line that says why, of what Node prints about an uncaught error. */
function complaint(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return (
    lines.find((line) => /^\w*Error: /.test(line)) ?? lines.findLast((line) => line !== '') ?? 'no output'
  );
}

function run(path: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const env = { ...environment, ...process.env, TF_CPP_MIN_LOG_LEVEL: '0' };
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', program, path], { env, timeout: TIMEOUT_MS }, (_, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}

/** The first start on a new GPU compiles its kernels. */
const TIMEOUT_MS = 120_000;
