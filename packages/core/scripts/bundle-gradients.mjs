// tfjs-core registers its gradients in a file that Node cannot import (extensionless ES modules inside a
// CommonJS package). One bundle of that file, made here from the installed package, loads everywhere; the
// registries it writes to are process-wide, so its private copy of the ops does no harm.

import { build } from 'esbuild';

await build({
  stdin: {
    contents: "import '@tensorflow/tfjs-core/dist/register_all_gradients.js';",
    resolveDir: import.meta.dirname,
  },
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'error',
  outfile: new URL('../generated/gradients.js', import.meta.url).pathname,
});
