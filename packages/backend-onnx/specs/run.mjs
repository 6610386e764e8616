// Runs tfjs-core's own op and gradient specs on the engine: node specs/run.mjs [part of a spec's name]
//
// They come from the installed @tensorflow/tfjs-core, which ships them for its backends. They are ES modules that
// Node cannot import, so they are bundled first, with one tfjs-core for all of them and for the backend.

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import Jasmine from 'jasmine';
import { excluded } from './exclusions.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const core = dirname(dirname(require.resolve('@tensorflow/tfjs-core')));
const cache = join(here, '../../../node_modules/.cache/ma-net-specs');

const specs = readdirSync(join(core, 'dist/ops'), { recursive: true })
  .filter((file) => file.endsWith('_test.js'))
  .map((file) => `./ops/${file}`);
specs.push('./gradients_test.js', './tensor_test.js', './variable_test.js');

await build({
  stdin: {
    contents: [
      "import './index.js';",
      "import './register_all_gradients.js';",
      "import './public/chained_ops/register_all_chained_ops.js';",
      `import ${JSON.stringify(join(here, 'environment.ts'))};`,
      ...specs.map((file) => `import ${JSON.stringify(file)};`),
    ].join('\n'),
    resolveDir: join(core, 'dist'),
  },
  bundle: true,
  // The package declares its specs free of side effects.
  ignoreAnnotations: true,
  platform: 'node',
  format: 'cjs',
  mainFields: ['module', 'main'],
  conditions: ['@ma-net/source'],
  // One copy of tfjs-core: the ES modules that the specs import by relative path.
  alias: {
    '@tensorflow/tfjs-core/dist': join(core, 'dist'),
    '@tensorflow/tfjs-core': join(core, 'dist/index.js'),
  },
  external: ['onnxruntime-*', 'jasmine-core', 'node-fetch', 'encoding'],
  outfile: join(cache, 'specs.cjs'),
  logLevel: 'error',
});

const jasmine = new Jasmine({ projectBaseDir: cache });
jasmine.loadConfig({ spec_dir: '.', spec_files: ['specs.cjs'], random: false });
jasmine.jasmine.DEFAULT_TIMEOUT_INTERVAL = 20_000;
const only = process.argv[2];
const unused = new Set(excluded.map(({ specs: part }) => part));
let skipped = 0;
jasmine.env.configure({
  specFilter: (spec) => {
    const name = spec.getFullName();
    if (only !== undefined && !name.includes(only)) return false;
    const reasons = excluded.filter(({ specs: part }) => name.includes(part));
    if (reasons.length === 0) return true;
    for (const { specs: part } of reasons) unused.delete(part);
    skipped++;
    return false;
  },
});
let [passed, failed] = [0, 0];
jasmine.clearReporters();
jasmine.addReporter({
  specDone({ status, fullName, failedExpectations }) {
    if (status === 'passed') passed++;
    if (status !== 'failed') return;
    failed++;
    console.log(
      `FAILED ${fullName}\n    ${failedExpectations.map((e) => e.message.split('\n')[0]).join('\n    ')}`,
    );
  },
});
jasmine.exitOnCompletion = false;
await jasmine.execute();
console.log(`${passed} specs passed, ${failed} failed, ${skipped} excluded with a reason`);
if (only === undefined) for (const part of unused) console.log(`The exclusion "${part}" matches no spec.`);
process.exit(failed === 0 ? 0 : 1);
