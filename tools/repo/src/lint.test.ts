// The house rules of eslint.config.js fire where they should, and only there.

import { ESLint, Linter } from 'eslint';
import { expect, test } from 'vitest';
import { root } from './repository.ts';

const eslint = new ESLint({ cwd: root });
const rules = ['no-restricted-syntax', 'no-restricted-imports', 'no-console'];

async function complaints(file: string, code: string): Promise<number> {
  const config = (await eslint.calculateConfigForFile(`${root}/${file}`)) as { rules: Linter.RulesRecord };
  const chosen = Object.fromEntries(rules.flatMap((r) => (config.rules[r] ? [[r, config.rules[r]]] : [])));
  const messages = new Linter().verify(code, { rules: chosen });
  expect(messages.filter(({ fatal }) => fatal)).toEqual([]);
  return messages.length;
}

const library = 'packages/tnet/src/resnet.ts';
const adapter = 'packages/backend-cpu/src/index.ts';
const app = 'apps/cli/src/main.ts';
const part = 'packages/data/src/parts.ts';
const inTest = 'packages/tnet/src/resnet.test.ts';

test.each([
  ['a.dataSync();', [library, adapter, app], [inTest]],
  ['a.arraySync();', [library, adapter, app], [inTest]],
  ['tf.readSync(id);', [library, adapter, app], [inTest]],
  ["import '@ma-net/backend-cpu';", [library], [adapter, app, inTest]],
  ["await import('onnxruntime-node');", [library], [adapter, app]],
  ["export { webgpu } from '@ma-net/backend-webgpu';", [library], [app]],
  ["if (tf.getBackend() === 'webgpu') f();", [library], [adapter, app]],
  ['Math.random();', [library, adapter, app, inTest], []],
  ['tf.randomNormal([2]);', [library, adapter, app], [inTest]],
  ['Date.now();', [library, adapter], [app]],
  ['console.log(1);', [library, adapter], [app, inTest]],
  ["throw new Error('no');", [library, adapter], [app, inTest]],
  ["export * from './resnet.ts';", [library, adapter, app, inTest], []],
  ["if (recipe.method === 'plain') f();", [library, app, inTest], [part]],
  ["if ('plain' !== method) f();", [library, app], [part]],
  ["if (recipe.task.use === 'x#y') f();", [library, app], [part]],
  ["switch (use) { case 'x#y': f(); }", [library, app], [part]],
  ["switch (recipe.data.name) { case 'digits': f(); }", [library, app], [part]],
  ["if (data.name === 'digits') f();", [library, app], [part]],
  ["if (method === other || name === 'x') f();", [], [library, app, part]],
  ["import assert from 'node:assert';", [library, adapter], [app]],
] as const)('%s', async (code, refused, allowed) => {
  for (const file of refused) expect(await complaints(file, code), file).toBe(1);
  for (const file of allowed) expect(await complaints(file, code), file).toBe(0);
});
