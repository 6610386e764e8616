import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { chooseBackend, refusalOf } from '@ma-net/core';
import { loadBackends } from '../backends.ts';
import { createScreen, wrapped } from '../screen.ts';
import { ownVersion } from '../version.ts';

/** `manet doctor`: the machine, each backend with its device or what it lacks, and what `auto` takes. */
export async function doctor(): Promise<void> {
  const screen = createScreen();
  const tell = (words: string): void => screen.line(wrapped(words, screen.width));
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  tell(`manet ${ownVersion()}, Node ${process.version}, ${process.platform} ${process.arch}`);
  tell(
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${gib(totalmem())} memory, ${gib(freemem())} free`,
  );
  screen.line();

  const adapters = await loadBackends();
  for (const adapter of adapters) {
    const probe = await adapter.probe();
    tell(`  ${adapter.name.padEnd(8)}${probe.ok ? 'ok' : 'no'}  ${probe.ok ? probe.device : probe.reason}`);
    const notForAuto = probe.ok ? refusalOf(adapter, probe) : undefined;
    if (notForAuto !== undefined) tell(`              not for auto: ${notForAuto}`);
    if (probe.hint !== undefined) tell(`              hint: ${probe.hint}`);
  }
  screen.line();

  const { name } = await chooseBackend(adapters);
  tell(`--backend auto takes ${name}, the fastest of those that run here.`);
}
