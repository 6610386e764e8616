import { expect, test } from 'vitest';

/** As much of vitest's `test` as says that something did not run. */
interface Declare {
  (name: string, body: () => void): unknown;
  skip(name: string, body: () => void): unknown;
}

/**
 * Declares that `what` cannot run on this machine: one skipped test that says why, which `npm test` repeats at
 * its end. With `CI` set it fails: a run there that is green has run everything.
 */
export function notHere(what: string, reason: string, declare: Declare = test): void {
  const title = `${what} is not available: ${reason}`;
  if (inCI()) declare(title, () => expect.fail(`${title}. With CI set nothing may be left out.`));
  else declare.skip(title, () => {});
}

/** In a browser there is no `process`, and no CI. */
function inCI(): boolean {
  const { process } = globalThis as { process?: { env: Record<string, string | undefined> } };
  return !['', '0', 'false'].includes(process?.env['CI'] ?? '');
}
