// Training steps and inference of each family on the ONNX engine, in turn with PyTorch where Python has it, on one thread:
//
//   node tools/bench/run.mjs families [--python <interpreter with torchvision>] [--against <checkout>] [--rounds 3]
//     [--mode inference or training] [--profile] [--mnet] [batch] [network ...]
//
// --against names another checkout of this repository, whose engine takes its turn too. --profile lists the
// operators of a step by kind, with the share of the peak of matrix products that they reach. --mnet tells what MA-Net adds
// to a training of each family at its CIFAR size. Every program is a process of its own; the machine may be shared, so what
// counts is seconds of a processor. CIFAR networks get eight times as many images as the batch says.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createTNet } from '@ma-net/tnet';
import { matmulPeak, type Mode, profileInto, serve, type Step } from './families/own.ts';
import { profileOf } from './families/profile.ts';

const { values, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: {
    python: { type: 'string' },
    against: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    profile: { type: 'boolean', default: false },
    by: { type: 'string', default: 'op' },
    mnet: { type: 'boolean', default: false },
    own: { type: 'boolean', default: false },
    into: { type: 'string' },
    mode: { type: 'string' },
  },
});
const NETWORKS = ['resnet18-cifar', 'resnet50', 'densenet121', 'vit-b16', 'vit-s16', 'vit-ti16', 'swin-t'];
const SMALL = [
  'resnet18-cifar',
  'wide-resnet28-10-cifar',
  'densenet-bc100-12-cifar',
  'vit-ti4-cifar',
  'swin-cifar',
];
const MODES: readonly Mode[] = values.mode === undefined ? ['inference', 'training'] : [values.mode as Mode];
/** The first compiles, the second is given memory of its own. */
const WARM_UP = 3;

const [batchText = '8', ...asked] = positionals;
const names = asked.length > 0 ? asked : values.mnet ? SMALL : NETWORKS;
const batchOf = (name: string): number => Number(batchText) * (name.includes('cifar') ? 8 : 1);
const bench = fileURLToPath(new URL('../../../tools/bench/', import.meta.url));

if (values.own) await serve(names[0]!, batchOf(names[0]!));
else if (values.into !== undefined)
  await profileInto(values.into, names[0]!, batchOf(names[0]!), (values.mode ?? 'training') as Mode);
else if (values.mnet) for (const name of names) shareOfMNet(name);
else {
  const peak = await matmulPeak();
  console.log(`large matrix products: ${(peak / 1e9).toFixed(1)} GFLOP per second of a processor`);
  for (const name of names) {
    await compare(name, peak);
    if (values.profile) for (const mode of MODES) await profile(name, mode, peak);
  }
}

/** A program that makes a step for every line that it is sent. */
interface Program {
  readonly name: string;
  /** What it says of itself once it runs: the versions of PyTorch and torchvision. */
  readonly greeting: Promise<string> | undefined;
  readonly step: (mode: Mode) => Promise<Step>;
  readonly stop: () => void;
}

function started(name: string, command: string, args: readonly string[], greets = false): Program {
  const child: ChildProcess = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value } = await lines.next();
    if (value === undefined) throw new Error(`${command} ${args.join(' ')} ended.`);
    return value as string;
  };
  const greeting = greets ? next() : undefined;
  return {
    name,
    greeting,
    async step(mode) {
      await greeting;
      child.stdin!.write(`${mode}\n`);
      return JSON.parse(await next()) as Step;
    },
    stop: () => child.kill(),
  };
}

async function compare(name: string, peak: number): Promise<void> {
  const batch = batchOf(name);
  const own = (label: string, folder: string): Program =>
    started(label, process.execPath, [join(folder, 'run.mjs'), 'families', '--own', batchText, name]);
  const programs = [own('here', bench)];
  if (values.against !== undefined) programs.push(own('against', join(values.against, 'tools/bench')));
  if (values.python !== undefined) {
    const layouts = /vit|swin/.test(name) ? ['stock'] : ['stock', 'channels_last'];
    for (const layout of layouts) {
      const args = [join(bench, 'torch_families.py'), name, String(batch), layout];
      programs.push(started(`PyTorch, ${layout}`, values.python, args, true));
    }
  }
  const steps = new Map(
    programs.map((program) => [program, { inference: [], training: [] } as Record<Mode, Step[]>]),
  );
  const first = new Map<Program, Record<Mode, Step>>();
  for (const program of programs) {
    const warm = {} as Record<Mode, Step>;
    for (const mode of MODES) {
      let compiling = 0;
      for (let k = 0; k < WARM_UP; k++) {
        warm[mode] = await program.step(mode);
        compiling += warm[mode].compiling ?? 0;
      }
      warm[mode] = { ...warm[mode], compiling };
    }
    first.set(program, warm);
  }
  for (let round = 0; round < Number(values.rounds); round++)
    for (const mode of MODES)
      for (const program of programs) steps.get(program)![mode].push(await program.step(mode));
  for (const program of programs) program.stop();

  const macs = await macsOf(name);
  console.log(`\n${name}, ${batch} images, ${values.rounds} rounds in turn; seconds of a processor`);
  const versions = await programs.find(({ greeting }) => greeting !== undefined)?.greeting;
  if (versions !== undefined) console.log(`  PyTorch and torchvision ${versions}`);
  for (const mode of MODES) {
    const cpu = (program: Program): number => median(steps.get(program)![mode].map((step) => step.cpu));
    const mine = cpu(programs[0]!);
    const operations = 2 * macs * batch * (mode === 'training' ? 3 : 1);
    for (const program of programs) {
      const all = steps.get(program)![mode];
      const times = all.map((step) => step.cpu).toSorted((a, b) => a - b);
      const wall = median(all.map((step) => step.wall));
      const memory = first.get(program)![mode].peak;
      const compiling = first.get(program)![mode].compiling!;
      const script = all[0]!.script === undefined ? '' : median(all.map((step) => step.script! / step.cpu));
      const cells = [
        `${cpu(program).toFixed(3)} s (${times[0]!.toFixed(3)} to ${times.at(-1)!.toFixed(3)})`.padEnd(26),
        `wall ${wall.toFixed(3)} s`,
        `${memory.toFixed(2)} GB`,
        `${((100 * operations) / cpu(program) / peak).toFixed(0)} % of the peak`,
        ...(script === ''
          ? []
          : [`JavaScript ${(100 * script).toFixed(1)} %`, `compiled in ${compiling.toFixed(2)} s`]),
        ...(program === programs[0] ? [] : [`ratio ${(cpu(program) / mine).toFixed(2)}`]),
      ];
      console.log(`  ${mode.padEnd(9)}  ${program.name.padEnd(22)}  ${cells.join('  ')}`);
    }
  }
}

/** The operators of a step, by kind; in a process of its own, since profiling is chosen when a graph is compiled. */
async function profile(name: string, mode: Mode, peak: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-profile-'));
  try {
    const args = [join(bench, 'run.mjs'), 'families', '--into', folder, '--mode', mode, batchText, name];
    spawnSync(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const kinds = profileOf(folder, ({ op, from }) => (values.by === 'op' ? op : `${from} ${op}`));
    const total = kinds.reduce((sum, { seconds }) => sum + seconds, 0);
    console.log(`\n${name}, ${mode}, by kind of operator: ${total.toFixed(3)} s in all`);
    for (const { kind, count, seconds, operations, bytes } of kinds.slice(0, 24)) {
      const reached =
        operations > 0
          ? `${((100 * operations) / seconds / peak).toFixed(0)} % of the peak`
          : `${(bytes / seconds / 1e9).toFixed(1)} GB/s`;
      const share = `${((100 * seconds) / total).toFixed(1)} %`;
      console.log(
        `  ${kind.padEnd(values.by === 'op' ? 20 : 40)}${String(count).padStart(
          6,
        )}${seconds.toFixed(3).padStart(9)} s${share.padStart(8)}   ${reached}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the benchmark `phases` says of a network of images of 32 x 32. */
function shareOfMNet(name: string): void {
  spawnSync(process.execPath, [join(bench, 'run.mjs'), 'phases', name, '64', '5', 'onnx'], {
    stdio: 'inherit',
  });
}

async function macsOf(name: string): Promise<number> {
  const { parameters, activationMacs } = await createTNet(name, {
    numClasses: name.includes('cifar') ? 10 : 1000,
  });
  return parameters.reduce(
    (sum, p) => sum + p.positions * p.shape.reduce((a, b) => a * b, 1),
    activationMacs,
  );
}

function median(of: readonly number[]): number {
  return of.toSorted((a, b) => a - b)[of.length >> 1]!;
}
