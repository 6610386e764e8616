import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Writes files into a folder that goes when the tests of a file end. */
export function temporaryFolder(): {
  readonly folder: string;
  write(name: string, contents: string): string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-coco-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    write(name, contents) {
      const path = join(folder, name);
      writeFileSync(path, contents);
      return path;
    },
  };
}
