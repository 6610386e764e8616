// Reads damaged files, 100 000 of them unless told otherwise: node tools/fuzz/run.mjs [inputs] [seed] [reader]
// Ends with 1, and with reader and seed of each input that was not refused as it should be. Needs a build.

import { importSource } from '../repo/import-source.mjs';

await importSource(new URL('src/main.ts', import.meta.url), { packages: 'external' });
