import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { type BackendAdapter, chooseBackend, type Probe } from '@ma-net/core';
import { backends } from '../backends.ts';
import { createScreen } from '../screen.ts';
import { ownVersion } from '../version.ts';

/** `manet doctor`: the machine, each backend with its device or what it lacks, and what `auto` takes. */
export async function doctor(): Promise<void> {
  const screen = createScreen();
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  screen.line(`manet ${ownVersion()}, Node ${process.version}, ${process.platform} ${process.arch}`);
  screen.line(
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${gib(totalmem())} memory, ${gib(freemem())} free`,
  );
  screen.line();

  const adapters: BackendAdapter[] = [];
  for (const [name, load] of Object.entries(backends)) {
    const adapter = await load();
    adapters.push(adapter);
    const probe = await adapter.probe();
    screen.line(`  ${name.padEnd(8)}${probe.ok ? 'ok' : 'no'}  ${describeProbe(probe)}`);
    if (!probe.ok && probe.hint !== undefined) screen.line(`              hint: ${probe.hint}`);
  }
  screen.line();

  const chosen = await chooseBackend(adapters);
  screen.line(`--backend auto takes ${chosen.name}.`);
}

function describeProbe(probe: Probe): string {
  if (!probe.ok) return probe.reason;
  return probe.software === true ? `${probe.device}; a software renderer, only when asked for` : probe.device;
}
