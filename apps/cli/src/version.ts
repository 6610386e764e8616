import { readFileSync } from 'node:fs';

/** Version of this package; all packages of ours share one. */
export function ownVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
