export { readSafetensors, writeFileAtomic, writeSafetensors } from './files.ts';
