import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const conditions = ['@ma-net/source', 'node', 'import', 'default'];
const workspaces = ['packages', 'apps', 'tools']
  .map((kind) => join(import.meta.dirname, kind))
  .flatMap((kind) => readdirSync(kind).map((name) => ({ name: `@ma-net/${name}`, root: join(kind, name) })))
  .filter(({ root }) => existsSync(join(root, 'package.json')));

// What tests write goes with them: thousands of folders in a run.
const scratch = mkdtempSync(join(tmpdir(), 'ma-net-tests-'));
for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = scratch;
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

export default defineConfig({
  test: {
    // All of a small machine: vitest itself would leave one of two cores idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // tfjs's stock cpu backend, which many tests compare with, recommends another package on its first use.
    onConsoleLog: (log) => !log.includes('you are running TensorFlow.js in Node.js'),
    projects: workspaces.map(({ name, root }) => ({
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: conditions } },
      test: {
        name,
        include: ['**/*.test.ts'],
        exclude: ['**/node_modules/**', '**/dist/**'],
        testTimeout: 30_000,
        globalSetup: [join(root, 'test/setup.ts')].filter(existsSync),
      },
    })),
  },
});
