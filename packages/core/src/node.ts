export { fileError } from './file-errors.ts';
export { readSafetensors, readWholeSync, writeFileAtomic, writeSafetensors } from './files.ts';
export { makeFolder } from './folders.ts';
export { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';
export { isTemporary, removeLeftoversIn } from './temporary.ts';
export { ownVersion } from './version.ts';
