import { basename } from 'node:path';

/** How this command was started, so that what we suggest can be copied: `manet`, `npx manet`, or the file. */
export function manet(
  file: string = process.argv[1] ?? 'manet',
  environment: NodeJS.ProcessEnv = process.env,
): string {
  // Set by npx and by npm's own scripts.
  if (environment['npm_execpath'] !== undefined) return 'npx manet';
  return basename(file).startsWith('manet') ? 'manet' : `node ${file}`;
}
