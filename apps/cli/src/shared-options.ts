// Options that several commands have.

import { Option } from 'commander';
import { part, wholeNumber } from './option-values.ts';

export function dataOption(): Option {
  return new Option('--data <dir>', 'folder of the data set').default(undefined, 'where the run found it');
}

export function bestOption(): Option {
  return new Option('--best', 'of a run, the best checkpoint on held-out images, not the last');
}

export function leastOption(): Option {
  return new Option('--least <score>', 'objects of a lower score are not shown, as 0.5 or 50%')
    .argParser(part)
    .default(0.3, '0.3');
}

export function outOption(where: string): Option {
  return new Option('--out <file>', 'what to write').default(undefined, where);
}

export function forceOption(): Option {
  return new Option('--force', 'replace a file that manet did not write');
}

/** One of the ways to say how much goes. */
export function removal(flags: string, about: string, parser: (text: string) => number): Option {
  const ways = ['remove', 'removeParams', 'removeMacs', 'latency'];
  const option = new Option(flags, about).argParser(parser);
  return option.conflicts(ways.filter((way) => way !== option.attributeName()));
}

export function backendOption(): Option {
  return new Option('--backend <name>', 'auto, or one of "manet doctor"').default('auto');
}

export function threadsOption(): Option {
  return new Option('--threads <n>', 'threads to compute with; last digits follow it')
    .argParser(wholeNumber)
    .default(undefined, 'as many as the process may use');
}
