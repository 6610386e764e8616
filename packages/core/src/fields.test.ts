import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { checked, fieldsAt } from './fields.ts';

const schema = z.strictObject({
  seed: z.int(),
  schedule: z
    .discriminatedUnion('name', [
      z.strictObject({ name: z.literal('cosine'), warmup: z.int() }),
      z.strictObject({ name: z.literal('steps'), at: z.array(z.number()), factor: z.number() }),
    ])
    .optional(),
  rule: z
    .union([
      z.discriminatedUnion('mode', [
        z.strictObject({ unit: z.literal('one').optional(), mode: z.literal('under'), delta: z.number() }),
        z.strictObject({ unit: z.literal('one').optional(), mode: z.literal('part'), remove: z.number() }),
      ]),
      mini.strictObject({ unit: mini.literal('many'), mode: mini.literal('part'), floor: mini.number() }),
    ])
    .optional(),
  groups: z.array(z.strictObject({ pattern: z.string(), decay: z.number() })).optional(),
});
const refusal = (value: unknown): string => {
  try {
    checked(schema, value, { what: 'The recipe', where: 'a file' });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
};

describe('fieldsAt', () => {
  test.each([
    [[], {}, ['seed', 'schedule', 'rule', 'groups']],
    [['schedule'], { schedule: { name: 'steps' } }, ['name', 'at', 'factor']],
    [['schedule'], { schedule: { name: 'cosine' } }, ['name', 'warmup']],
    [['schedule'], {}, ['name', 'warmup']],
    [['groups', '0'], { groups: [{}] }, ['pattern', 'decay']],
    [['rule'], { rule: { mode: 'part' } }, ['unit', 'mode', 'remove']],
    [['rule'], { rule: { unit: 'one', mode: 'under' } }, ['unit', 'mode', 'delta']],
    [['rule'], { rule: { unit: 'many', mode: 'part' } }, ['unit', 'mode', 'floor']],
    [['seed'], { seed: 1 }, []],
    [['nothing', 'below'], {}, []],
  ])('knows the fields at %j of %j', (path, value, fields) => {
    expect(fieldsAt(schema, path, value)).toEqual(fields);
  });
});

describe('checked', () => {
  test('lists every problem with its path, what was found and the nearest field', () => {
    const message = refusal({
      sed: 1,
      schedule: { name: 'steps', at: [], factr: 2 },
      groups: [{ decay: 'x' }],
    });
    expect(message).toMatch(/seed: .*expected number/);
    expect(message).toMatch(/sed: no such field; did you mean "seed"/);
    expect(message).toMatch(/schedule\.factr: no such field; did you mean "factor"/);
    expect(message).toMatch(/groups\.0\.decay: .*found "x"/);
  });

  test('is never as long as what it is about', () => {
    const junk = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field-${i}`, i]));
    expect(refusal({ ...junk, seed: 'x'.repeat(1e6) }).length).toBeLessThan(4_000);
  });
});
