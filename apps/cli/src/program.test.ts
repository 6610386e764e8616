import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { HELP_WIDTH } from './help.ts';
import { createProgram } from './program.ts';

const program = createProgram(() => undefined);
const commands: (readonly [string, Command])[] = [
  ['manet', program],
  ...program.commands.map((command) => [`manet ${command.name()}`, command] as const),
];

describe.each(commands)('%s --help', (name, command) => {
  const help = command.helpInformation();

  test('is no wider than a terminal', () => {
    expect(help.split('\n').filter((line) => line.length > HELP_WIDTH)).toEqual([]);
  });

  test('shows an example that this command would accept', () => {
    const examples = /\nExamples\n((?: {2}\S.*\n)+)/.exec(help)?.[1]?.trim().split(/\n */) ?? [];
    expect(examples.length).toBeGreaterThan(0);
    for (const line of examples) {
      const example = line.replace(/^mpirun -n \d+ /, '');
      expect(example.startsWith(name)).toBe(true);
      for (const [flag] of example.matchAll(/--[\w-]+/g)) {
        const asked = program.commands.find((c) => example.startsWith(`manet ${c.name()}`))!;
        expect(
          asked.options.map(({ long }) => long),
          example,
        ).toContain(flag);
      }
    }
  });
});

test('flags are few, and a new one is a decision: a field of a recipe needs none', () => {
  const flags = program.commands.map((c) => [c.name(), c.options.map((o) => o.long!.slice(2)).join(' ')]);
  expect(Object.fromEntries(flags)).toEqual({
    train: 'recipe set data method seed backend threads out resume tensorboard sync-bn json print',
    compare: 'recipe set data seeds methods remove remove-macs latency backend threads out least force',
    sweep: 'recipe set data method seeds jobs backend threads out worker',
    search: 'recipe as max-params max-macs set data method seed backend threads out resume',
    reproduce: 'list print data jobs backend threads out worker',
    eval: 'classes budgets results best data backend threads',
    predict: 'top least json pictures png results force best backend threads',
    prune: 'delta remove-modulated dense recalibrate dry-run group out force best data backend threads',
    shrink: 'data network remove-params remove-macs latency no-held-out epochs backend threads out',
    export:
      'format no-normalisation opset no-model verify dense recalibrate out force best data backend threads',
    report: 'out svg png no-time force backend threads',
    watch: 'port',
    data: 'out',
    recipes: 'schema',
    init: 'force',
    networks: '',
    doctor: '',
    bench: 'network batch steps backend threads',
    demo: 'recipe set data seed backend threads',
    help: '',
  });
});

describe('values that are no values of their option', () => {
  test.each([
    ['train', '--seed', '-3'],
    ['train', '--seed', 'one'],
    ['prune', 'run', '--delta', 'low'],
    ['prune', 'run', '--remove-modulated', 'half'],
    ['bench', '--batch', '1.5'],
  ])('%s %s %s', async (...args) => {
    const quiet = createProgram(() => undefined);
    for (const command of [quiet, ...quiet.commands]) command.configureOutput({ writeErr: () => undefined });
    await expect(quiet.parseAsync(args, { from: 'user' })).rejects.toMatchObject({
      code: 'commander.invalidArgument',
    });
  });
});

test('what does nothing together is refused', async () => {
  for (const args of [
    ['prune', 'run', '--dry-run', '--out', 'x'],
    ['prune', 'run', '--dry-run', '--recalibrate'],
    ['prune', 'run', '--group', 'conv1', '--out', 'x'],
    ['train', '--recipe', 'digits', '--print', '--out', 'x'],
    ['train', '--recipe', 'digits', '--print', '--backend', 'cpu'],
  ]) {
    const quiet = createProgram(() => undefined);
    for (const command of [quiet, ...quiet.commands]) command.configureOutput({ writeErr: () => undefined });
    await expect(quiet.parseAsync(args, { from: 'user' })).rejects.toMatchObject({
      code: 'commander.conflictingOption',
    });
  }
});

test('help explains a command, or says which there are', async () => {
  const told = async (...args: string[]): Promise<{ said: string; code: string }> => {
    let said = '';
    const quiet = createProgram(() => undefined);
    for (const command of [quiet, ...quiet.commands])
      command.configureOutput({ writeOut: (text) => (said += text), writeErr: (text) => (said += text) });
    const code = await quiet.parseAsync(args, { from: 'user' }).then(
      () => 'none',
      (error: { code: string }) => error.code,
    );
    return { said, code };
  };
  expect(await told('help')).toEqual({ said: program.helpInformation(), code: 'commander.help' });
  const train = program.commands.find((command) => command.name() === 'train')!;
  expect(await told('help', 'train')).toEqual({ said: train.helpInformation(), code: 'commander.help' });
  const { said, code } = await told('help', 'trian');
  expect(code).toBe('commander.error');
  expect(said).toMatch(/unknown command 'trian'\n {2}hint: did you mean "train"\?/);
});
