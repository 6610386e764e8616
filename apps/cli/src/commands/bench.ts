import { MaNetError, Rng, startBackend } from '@ma-net/core';
import { type ImageBatch, toTensors } from '@ma-net/data';
import { LAST_NEURON_BATCHES, maNetInTurn, ROUNDS_IN_TURN } from '@ma-net/method-ma-net';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { timeSteps } from '@ma-net/trainer';
import { loadBackends } from '../backends.ts';
import { count } from '../quantities.ts';
import { createScreen } from '../screen.ts';
import { table } from '../table.ts';

export interface BenchArguments {
  readonly network: string;
  readonly batch: number;
  readonly steps: number;
  readonly backend?: string;
  readonly threads?: number;
}

const CLASSES = 10;
const WARM_UP = 3;

/** `manet bench`: one step of each kind of round on random images, on each backend that runs here. */
export async function bench({
  network: name,
  batch,
  steps,
  backend,
  threads,
}: BenchArguments): Promise<void> {
  const screen = createScreen();
  if (batch < 1 || steps < 1) {
    throw new MaNetError('bad-argument', `${steps} steps of ${batch} images cannot be timed.`, {
      hint: 'pass at least 1 for --batch and for --steps.',
    });
  }
  const network = await createTNet(name, { numClasses: CLASSES });
  screen.line(`${name}, mini-batches of ${batch} random images of ${network.inputs[0]!.shape.join(' x ')}`);
  const rows: string[][] = [];
  let fastest: number | undefined;
  for (const adapter of await loadBackends(backend)) {
    if (threads !== undefined && threads > (adapter.threads ?? 0)) continue;
    const probe = await adapter.probe();
    if (!probe.ok) {
      screen.line(`  ${adapter.name}: not here, ${probe.reason}`);
      continue;
    }
    screen.update(`  timing ${adapter.name} ...`);
    await startBackend(adapter, { threads });
    const times = await timeSteps({
      task: classification(network),
      method: maNetInTurn,
      rounds: ROUNDS_IN_TURN,
      batch: randomBatches(network.inputs[0]!.shape, batch),
      steps: Math.max(steps, LAST_NEURON_BATCHES),
      warmUp: WARM_UP,
    });
    const medians = mediansOf(times);
    fastest ??= medians.plain;
    rows.push([
      adapter.name,
      milliseconds(medians.plain),
      milliseconds(medians.neurons),
      milliseconds(medians.astrocytes),
      `${(medians.astrocytes / medians.plain).toFixed(2)} x`,
      `${count(batch / medians.plain)}`,
      `${(medians.plain / fastest).toFixed(2)} x`,
    ]);
  }
  const first = rows[0];
  if (first === undefined) {
    throw new MaNetError('backend-unavailable', 'No backend that was asked for runs here.', {
      where: `--backend ${backend ?? 'auto'}`,
      hint: 'run "manet doctor" for the reasons, or leave --backend out.',
    });
  }
  const head = ['backend', 'plain', 'modulated', 'astrocytes', 'of plain', 'images/s', `of ${first[0]}`];
  for (const line of table(head, rows, screen.width)) screen.line(line);
}

/** Images of noise: the arithmetic of a step does not depend on what is in them. */
function randomBatches(image: readonly number[], batch: number): () => ImageBatch {
  const rng = Rng.fromSeed(0);
  const images = rng.normals(batch * image.reduce((a, b) => a * b), 1);
  const labels = Int32Array.from({ length: batch }, () => rng.integer(CLASSES));
  // Uploading takes an array over, so each batch gets its own.
  return () =>
    toTensors({
      images: images.slice(),
      labels: labels.slice(),
      shape: [batch, ...image] as [number, number, number, number],
      count: batch,
    });
}

function mediansOf(times: Readonly<Record<string, readonly number[]>>) {
  const of = (kind: string): number => median(times[kind] ?? []);
  return { plain: of('plain'), astrocytes: of('astrocytes'), neurons: of('neurons') };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function milliseconds(seconds: number): string {
  return `${(1000 * seconds).toFixed(1)} ms`;
}
