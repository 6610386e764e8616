// Ten thousand training steps of a small convolutional network: the number of tensors must stay the same, and
// resident memory flat after warm-up. node --expose-gc specs/soak.mjs [steps]

import { importSource } from '../../../tools/repo/import-source.mjs';

await importSource(new URL('soak-steps.ts', import.meta.url));
