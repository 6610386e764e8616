// Bad input: each is refused with a code, says what to do next, shows no stack and loses nothing.

import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type Finished, manet, newFolder, TINY, TINY_PLAIN } from '../test/manet.ts';

// Each starts a process or several, and machines may be busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = newFolder();

/** What a refusal has to look like; returns what was said. */
function refused({ code, stderr, stdout }: Finished, errorCode: string): string {
  expect(stderr).toContain(`error [${errorCode}]: `);
  expect(stderr).toMatch(/\n {2}hint: \S/);
  expect(`${stdout}${stderr}`).not.toMatch(/^\s+at .*(\.[jt]s:\d+|node:)/m);
  expect(code).toBe(1);
  return stderr;
}

const train = (...more: string[]): Promise<Finished> => manet(['train', ...TINY, ...more], folder);

describe('data', () => {
  const RECORD = 3073;
  const CLASSES = 'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n';

  /** A folder like CIFAR-10's with eight images in each file, after `change`. */
  function cifar(name: string, change: (batch: Uint8Array) => Uint8Array): string {
    const path = join(folder, name);
    mkdirSync(path);
    const batch = new Uint8Array(8 * RECORD);
    writeFileSync(join(path, 'data_batch_1.bin'), change(batch));
    writeFileSync(join(path, 'test_batch.bin'), batch);
    writeFileSync(join(path, 'batches.meta.txt'), CLASSES);
    return path;
  }
  const trainOn = (path: string): Promise<Finished> =>
    manet(
      ['train', '--recipe', 'cifar10-resnet10', '--data', path, '--backend', 'cpu'].concat(
        ['data.trainLimit=8', 'data.testLimit=8', 'batchSize=8'].flatMap((s) => ['--set', s]),
      ),
      folder,
    );

  test('that are not there', async () => {
    const said = refused(await trainOn('nowhere'), 'not-found');
    expect(said).toContain(join(folder, 'nowhere'));
    expect(said).toContain('cifar-10-binary.tar.gz');
  });

  test('that nobody named', async () => {
    refused(await manet(['train', '--recipe', 'cifar10-resnet10'], folder), 'not-found');
  });

  test('that are truncated', async () => {
    const path = cifar('truncated', (batch) => batch.slice(0, -100));
    const said = refused(await trainOn(path), 'bad-data');
    expect(said).toMatch(/7 records and 2973 bytes more/);
    expect(said).toContain(join(path, 'data_batch_1.bin'));
  });

  test('with a wrong label', async () => {
    const path = cifar('label', (batch) => {
      batch[3 * RECORD] = 11;
      return batch;
    });
    expect(refused(await trainOn(path), 'bad-data')).toMatch(/11/);
  });
});

describe('recipes', () => {
  test('of an unknown name: the nearest one is suggested', async () => {
    const said = refused(await manet(['train', '--recipe', 'digts'], folder), 'unknown-name');
    expect(said).toContain('did you mean "digits"?');
  });

  test('with an unknown method: the nearest one is suggested', async () => {
    expect(refused(await train('--method', 'magnitud'), 'unknown-name')).toContain(
      'did you mean "magnitude"?',
    );
  });

  test('with a path of older recipes: the new one is named', async () => {
    expect(refused(await train('--set', 'modulation.refresh=3'), 'bad-recipe')).toContain(
      '--set method.refresh=',
    );
  });

  test('with an unknown field: the nearest one is suggested', async () => {
    expect(refused(await train('--set', 'batchsize=4'), 'bad-recipe')).toContain('did you mean "batchSize"?');
  });

  test('with a threshold outside its range', async () => {
    const rule = 'method.prune={"mode":"delta","delta":3,"kappa":0.5}';
    expect(refused(await train('--set', rule), 'bad-recipe')).toMatch(/method\.prune\.delta.*found 3/);
  });

  test('with more astrocytes than pre-neurons', async () => {
    const said = refused(await train('--set', 'method.mnet.astrocytes=500'), 'bad-argument');
    expect(said).toMatch(/"astrocytes" is 500, expected at most \d+, the number of pre-neurons/);
  });

  test('that are no JSON, or not there', async () => {
    writeFileSync(join(folder, 'broken.json'), '{"name":');
    refused(await manet(['train', '--recipe', 'broken.json'], folder), 'bad-recipe');
    refused(await manet(['train', '--recipe', 'none.json'], folder), 'not-found');
  });

  test('whose loss does not stay finite', async () => {
    const said = refused(await train('--set', 'optimizer.learningRate=1e30', '--out', 'hot'), 'non-finite');
    expect(said).toMatch(/mini-batch \d+, round 0/);
    expect(said).toContain('lower the learning rate');
  });
});

describe('names and words that are nearly right', () => {
  test('an unknown network: the nearest are named, not all', async () => {
    const said = refused(await train('--set', 'network.name=resnet19'), 'unknown-name');
    expect(said).toMatch(/did you mean "resnet18"( or "[\w-]+"){0,2}\? \d+ are known: .*"manet networks"/);
    expect(said.length).toBeLessThan(400);
  });

  test('manet networks lists them all', async () => {
    const { code, stdout } = await manet(['networks'], folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}resnet18 +224 x 224 x 3 +11 181 642$/m);
    expect(stdout).toMatch(/^ {2}swin-test /m);
  });

  test('a folder for data that need none', async () => {
    expect(refused(await train('--data', 'somewhere'), 'bad-recipe')).toMatch(/no folder[^]*leave it out/);
  });

  test.each([
    [['train'], 'pass --recipe <name>, one of "manet recipes", or --resume <run>.'],
    [['train', '--recipe', 'digits', '--epochs', '3'], '--set epochs=3'],
    [['train', '--recipe', 'digits', '--learning-rate=0.1'], '--set optimizer.learningRate=0.1'],
  ])('manet %j exits with 2 and says %s', async (args, advice) => {
    const { code, stderr } = await manet(args, folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error \[usage\]: /);
    expect(stderr).toMatch(/\n {2}hint: \S/);
    expect(stderr).toContain(advice);
  });

  test.each([
    [['help'], ['--help']],
    [['-h'], ['--help']],
    [
      ['help', 'train'],
      ['train', '--help'],
    ],
    [
      ['train', '-h'],
      ['train', '--help'],
    ],
  ])('manet %j is manet %j', async (args, same) => {
    const [asked, meant] = [await manet(args, folder), await manet(same, folder)];
    expect(asked).toEqual(meant);
    expect(asked.code).toBe(0);
    expect(asked.stdout).toContain('Examples\n');
  });
});

describe('backends and command lines', () => {
  test('an unknown backend', async () => {
    const said = refused(
      await manet(['train', '--recipe', 'digits', '--backend', 'onx'], folder),
      'unknown-name',
    );
    expect(said).toContain('did you mean "onnx"?');
  });

  test.each([
    [['train', '--recip', 'digits'], '--recipe'],
    [['trian'], 'train'],
  ])('manet %j suggests %s, and exits with 2', async (args, suggestion) => {
    const { code, stderr } = await manet(args, folder);
    expect(code).toBe(2);
    expect(stderr).toContain('error [usage]: ');
    expect(stderr).toContain(`Did you mean ${suggestion}?`);
  });

  test('--debug shows the stack', async () => {
    const { code, stderr } = await manet(['train', '--recipe', 'digts', '--debug'], folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\s+at .*\.js:\d+/m);
  });
});

describe('runs', () => {
  const copyOf = (name: string): string => {
    cpSync(join(folder, 'whole'), join(folder, name), { recursive: true });
    return join(folder, name);
  };

  beforeAll(async () => {
    expect(await train('--out', 'whole')).toMatchObject({ code: 0 });
  });

  test('that are no runs', async () => {
    refused(await manet(['eval', 'nothing-here'], folder), 'not-found');
    refused(await manet(['train', '--resume', '.'], folder), 'not-found');
    refused(await train('--out', 'whole'), 'bad-argument');
  });

  test('with a checkpoint of another network: names and shapes are listed', async () => {
    const run = copyOf('other');
    const other = await train(
      '--set',
      'network.name=resnet-bottleneck-test',
      '--set',
      'epochs=1',
      '--out',
      'bottleneck',
    );
    expect(other.code).toBe(0);
    cpSync(join(folder, 'bottleneck/checkpoint.safetensors'), join(run, 'checkpoint.safetensors'));
    const said = refused(
      await manet(['train', '--resume', run, '--backend', 'cpu'], folder),
      'network-mismatch',
    );
    expect(said).toMatch(/layer1\.0\.conv3\.weight: unexpected, found \[1, 1, 4, 16\]/);
    expect(said).toMatch(/layer1\.0\.conv1\.weight: expected \[3, 3, 4, 4\], found \[1, 1, 4, 4\]/);
  });

  test('with a checkpoint that is cut short', async () => {
    const run = copyOf('short');
    truncateSync(join(run, 'checkpoint.safetensors'), 5_000);
    // The one before is whole.
    const read = await manet(['eval', run, '--backend', 'cpu'], folder);
    expect(read.code).toBe(0);
    expect(read.stderr).toMatch(
      /checkpoint\.safetensors[^]*The checkpoint before it is whole: mini-batch 40\./,
    );
    truncateSync(join(run, 'checkpoint.previous.safetensors'), 5_000);
    refused(await manet(['train', '--resume', run, '--backend', 'cpu'], folder), 'bad-file');
    refused(await manet(['eval', run, '--backend', 'cpu'], folder), 'bad-file');
  });

  test('whose data have changed', async () => {
    const run = copyOf('moved');
    const facts = readFileSync(join(run, 'run.json'), 'utf8');
    writeFileSync(join(run, 'run.json'), facts.replace(/"fingerprint": "...../g, '"fingerprint": "00000'));
    expect(refused(await manet(['train', '--resume', run], folder), 'bad-data')).toContain('found:');
  });

  test('that are to be resumed as something else', async () => {
    const args = ['train', '--resume', 'whole', '--set', 'epochs=9'];
    expect(refused(await manet(args, folder), 'bad-argument')).toContain('--set');
  });

  test('whose own files a network would be written over', async () => {
    const run = copyOf('own');
    const recipe = readFileSync(join(run, 'recipe.json'));
    for (const name of ['recipe.json', 'checkpoint.safetensors']) {
      for (const command of ['prune', 'export']) {
        const args = [command, run, '--backend', 'cpu', '--force', '--out', join(run, name)];
        expect(refused(await manet(args, folder), 'bad-argument')).toContain('of the run itself');
      }
    }
    expect(readFileSync(join(run, 'recipe.json')).equals(recipe)).toBe(true);
    const mine = join(folder, 'mine.txt');
    writeFileSync(mine, 'mine');
    const args = ['export', run, '--backend', 'cpu', '--out', mine];
    expect(refused(await manet(args, folder), 'bad-argument')).toContain('--force');
    expect(readFileSync(mine, 'utf8')).toBe('mine');
    expect(await manet([...args, '--force'], folder)).toMatchObject({ code: 0, stderr: '' });
    expect(await manet(args, folder)).toMatchObject({ code: 0, stderr: '' });
  });

  test('that cannot be where they are to be', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, 'mine');
    mkdirSync(join(folder, 'foreign'));
    writeFileSync(join(folder, 'foreign/photo.jpg'), 'mine');
    refused(await train('--out', file), 'bad-argument');
    refused(await train('--out', join(file, 'run')), 'bad-argument');
    refused(await train('--out', 'n'.repeat(300)), 'bad-argument');
    expect(refused(await train('--out', 'foreign'), 'bad-argument')).toContain('photo.jpg');
    if (process.platform === 'linux') refused(await train('--out', '/proc/ma-net'), 'no-access');
  });

  test('a network file that is damaged', async () => {
    const { code } = await manet(['export', 'whole', '--backend', 'cpu', '--out', 'cut.safetensors'], folder);
    expect(code).toBe(0);
    truncateSync(join(folder, 'cut.safetensors'), 3_000);
    refused(await manet(['eval', 'cut.safetensors', '--backend', 'cpu'], folder), 'bad-file');
  });

  test.each([['net.onnx'], ['web'], ['web/model.json']])('a graph for other programs: %s', async (path) => {
    mkdirSync(join(folder, 'web'), { recursive: true });
    writeFileSync(join(folder, 'web/model.json'), '{}');
    writeFileSync(join(folder, 'net.onnx'), '');
    for (const command of ['eval', 'export']) {
      const said = refused(await manet([command, path, '--backend', 'cpu'], folder), 'bad-argument');
      expect(said).toMatch(/--format (onnx|tfjs) --verify/);
    }
  });

  test('options that would do nothing', async () => {
    const flat = ['export', 'whole', '--no-normalisation', '--backend', 'cpu'];
    expect(refused(await manet(flat, folder), 'bad-argument')).toContain('--format onnx or tfjs');
    const written = await manet(['export', 'whole', '--backend', 'cpu', '--out', 'own.safetensors'], folder);
    expect(written.code).toBe(0);
    const data = ['export', 'own.safetensors', '--data', 'x', '--out', 'again.safetensors'];
    expect(refused(await manet(data, folder), 'bad-argument')).toContain('--verify');
  });

  test.each([
    ['--delta', '3', 'delta: expected a number of at most 1, found 3'],
    ['--delta', '-1', 'delta: expected a number of at least 0, found -1'],
    ['--remove-modulated', '100%', 'removeModulated: expected a number below 1, found 1'],
  ])('pruning with %s %s', async (flag, value, found) => {
    const args = ['prune', 'whole', `${flag}=${value}`, '--backend', 'cpu'];
    expect(refused(await manet(args, folder), 'bad-argument')).toContain(found);
  });

  test('a baseline has nothing to prune', async () => {
    const args = ['train', ...TINY_PLAIN, '--set', 'epochs=1', '--out', 'plain'];
    const plain = await manet(args, folder);
    expect(plain.code).toBe(0);
    refused(await manet(['prune', 'plain', '--backend', 'cpu'], folder), 'prune-refused');
    refused(await manet(['prune', 'plain', '--delta', '0.1', '--backend', 'cpu'], folder), 'prune-refused');
  });

  test('a disk that fills while a checkpoint is written leaves the one before whole', async () => {
    // The third checkpoint stops half-way, as on a full disk.
    const full = join(folder, 'full-disk.mjs');
    writeFileSync(
      full,
      `import { syncBuiltinESMExports } from 'node:module';
       import fs from 'node:fs/promises';
       const open = fs.open;
       let checkpoints = 0;
       fs.open = async (path, ...rest) => {
         const file = await open(path, ...rest);
         if (!String(path).includes('checkpoint') || ++checkpoints < 3) return file;
         const write = file.writeFile.bind(file);
         file.writeFile = async (bytes) => {
           await write(bytes.subarray(0, bytes.length / 2));
           throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
         };
         return file;
       };
       syncBuiltinESMExports();`,
    );
    const args = ['train', ...TINY, '--out', 'full', '--set', 'saveEvery=5'];
    const said = refused(await manet(args, folder, `--import ${pathToFileURL(full).href}`), 'disk-full');
    expect(said).toContain(join('full', 'checkpoint.safetensors'));

    const resumed = await manet(['train', '--resume', 'full', '--backend', 'cpu'], folder);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain('continuing after mini-batch 10 of 48');
    const whole = readFileSync(join(folder, 'whole/checkpoint.safetensors'));
    expect(readFileSync(join(folder, 'full/checkpoint.safetensors')).equals(whole)).toBe(true);
  });

  test.each([
    ['std::bad_alloc', 'out-of-memory'],
    ['WebGPU device lost (2): the driver was reset', 'backend-failed'],
  ])(
    'a backend that fails in the middle of a run (%s) leaves the last checkpoint, and says how to go on',
    async (what, code) => {
      // The fortieth graph fails, with the words of ONNX Runtime.
      const failing = join(folder, `${code}.mjs`);
      writeFileSync(
        failing,
        `import ort from ${JSON.stringify(createRequire(import.meta.url).resolve('onnxruntime-node'))};
       const { run } = ort.InferenceSession.prototype;
       let runs = 0;
       ort.InferenceSession.prototype.run = function (...given) {
         if (++runs === 40) throw new Error(${JSON.stringify(what)});
         return run.apply(this, given);
       };`,
      );
      const out = `failed-${code}`;
      const onEngine = [
        'train',
        ...TINY.map((word) => (word === 'cpu' ? 'onnx' : word)),
        '--out',
        out,
        '--set',
        'saveEvery=5',
      ];
      const ended = await manet(onEngine, folder, `--import ${pathToFileURL(failing).href}`);
      refused(ended, code);
      const saved = /Everything up to mini-batch (\d+) is saved\.\n.*--resume (\S+)/.exec(ended.stdout);
      expect(Number(saved?.[1])).toBeGreaterThan(0);
      const resumed = await manet(['train', '--resume', saved![2]!], folder);
      expect(resumed.code).toBe(0);
      expect(resumed.stdout).toContain(`continuing after mini-batch ${saved![1]} of 48`);
    },
  );
});
