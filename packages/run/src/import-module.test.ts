import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { importModule } from './import-module.ts';

const folder = mkdtempSync(join(tmpdir(), 'ma-net-module-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

test('a module in JavaScript or TypeScript, and what it imports beside it', async () => {
  write('half.ts', 'export enum Half { Of = 2 }');
  write('type.ts', 'export interface Whole { readonly value: number }');
  const module = write(
    'whole.ts',
    `import type { Whole } from './type.ts';
     import { Half } from './half.ts';
     export const whole = { value: (await Promise.resolve(42)) / Half.Of } satisfies Whole;`,
  );
  expect((await importModule(module))['whole']).toEqual({ value: 21 });
  expect((await importModule(module))['default']).toBeUndefined();
  expect((await importModule(write('plain.mjs', 'export default 3')))['default']).toBe(3);
  const one = await importModule(module);
  expect((await importModule(module))['whole']).toBe(one['whole']);
});

test('what a module throws arrives as it is', async () => {
  const thrown = importModule(write('throws.ts', 'throw new RangeError("what a day" as string)'));
  await expect(thrown).rejects.toThrow(RangeError);
  await expect(importModule(join(folder, 'none.ts'))).rejects.toThrow(/none\.ts/);
});
