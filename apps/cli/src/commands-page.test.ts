// The page of all commands, in the words of their own help. `npm run api` writes it anew.

import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { HELP_WIDTH } from './help.ts';
import { createProgram } from './program.ts';

/** A page of Markdown. The help is a block as the terminal shows it. */
function pageOf(program: Command): string {
  const block = (command: Command): string => {
    command.configureHelp({ ...command.configureHelp(), helpWidth: HELP_WIDTH });
    return `\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\``;
  };
  const commands = program.commands.map((command) => `## ${command.name()}\n\n${block(command)}`);
  return [
    '# Every command',
    'What `manet <command> --help` says. In this repository the command is `npx manet`, after `npm run build`.',
    block(program),
    ...commands,
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

test('the page of commands says what the commands say', async () => {
  const page = pageOf(createProgram(() => undefined));
  expect(page).toContain('## train');
  await expect(page).toMatchFileSnapshot('../../../docs/guide/commands.md');
});
