// How help looks: what it does, how it is written, real examples, then every option with its default.

import type { Argument, Command, Help } from 'commander';

/** Help is read in terminals and in documents; no line is longer. */
export const HELP_WIDTH = 88;

const examples = new WeakMap<Command, readonly string[]>();

/** Adds the lines under "Examples" to a command's help. */
export function withExamples(command: Command, lines: readonly string[]): Command {
  examples.set(command, lines);
  return command;
}

/** For `configureHelp`. */
export const helpStyle: Partial<Help> & { helpWidth: number } = {
  helpWidth: Math.min(process.stdout.columns ?? HELP_WIDTH, HELP_WIDTH),

  subcommandTerm: (command) =>
    [command.name(), ...command.registeredArguments.map((argument) => humanReadable(argument))].join(' '),

  optionDescription({ description, defaultValue, defaultValueDescription }) {
    const plain = typeof defaultValue === 'string' || typeof defaultValue === 'number';
    const shown = defaultValueDescription ?? (plain ? String(defaultValue) : undefined);
    return shown === undefined ? description : `${description} (default: ${shown})`;
  },

  formatHelp(command, help) {
    const width = help.padWidth(command, help);
    const item = (term: string, description: string): string =>
      help.formatItem(term, width, description, help);
    const section = (title: string, lines: readonly string[]): string[] =>
      lines.length === 0 ? [] : [title, ...lines, ''];
    const lines = [
      ...help.boxWrap(help.commandDescription(command), help.helpWidth ?? HELP_WIDTH).split('\n'),
      '',
      `  ${help.commandUsage(command)}`,
      '',
      ...section(
        'Commands',
        help.visibleCommands(command).map((c) => item(help.subcommandTerm(c), help.subcommandDescription(c))),
      ),
      ...section(
        'Examples',
        (examples.get(command) ?? []).map((line) => `  ${line}`),
      ),
      ...section(
        'Arguments',
        help.visibleArguments(command).map((a) => item(humanReadable(a), help.argumentDescription(a))),
      ),
      ...section(
        'Options',
        help.visibleOptions(command).map((o) => item(help.optionTerm(o), help.optionDescription(o))),
      ),
    ];
    return `${lines.join('\n').trimEnd()}\n`;
  },
};

function humanReadable(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}
