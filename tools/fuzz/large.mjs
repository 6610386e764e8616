// Writes and reads files of the sizes that networks have: node tools/fuzz/large.mjs [folder]. Needs a build.

import { importSource } from '../repo/import-source.mjs';

await importSource(new URL('src/large.ts', import.meta.url), { packages: 'external' });
