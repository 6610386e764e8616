// Readers that need a file system, and worker threads. Nothing else in the package does.

export { readCifar10, readCifar100 } from './cifar10-directory.ts';
export { digits } from './digits-asset.ts';
export { downloadDataSet, PUBLISHED_SETS, type PublishedSet } from './download/data-sets.ts';
export { type Download, download } from './download/download.ts';
export { decodePhoto } from './photos/decode.ts';
export { measured } from './photos/measured.ts';
export { photoCollate } from './photos/photo-collate.ts';
export { checkPhotos, type SetReport } from './readers/check.ts';
export { readFolder } from './readers/folder.ts';
export { readParquet } from './readers/parquet.ts';
export { photoData, type PhotoDataOptions } from './readers/photo-data.ts';
export { PHOTO_NORMALISATION, type PhotoSets } from './readers/photo-sets.ts';
export { readPhotos } from './readers/photos.ts';
export { readShards } from './readers/shards.ts';
export { workerCrew } from './workers/crew.ts';
export { moduleFor } from './workers/module-for.ts';
