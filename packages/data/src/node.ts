// Readers that need a file system. Nothing else in the package does.

export { readCifar10 } from './cifar10-directory.ts';
export { digits } from './digits-asset.ts';
