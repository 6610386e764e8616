// Readers that need a file system, and worker threads. Nothing else in the package does.

export { readCifar10 } from './cifar10-directory.ts';
export { digits } from './digits-asset.ts';
export { decodePhoto } from './photos/decode.ts';
export { photoCollate } from './photos/photo-collate.ts';
export { workerCrew } from './workers/crew.ts';
