import util from 'node:util';

/** tfjs-node 4.22 calls functions of `node:util` that Node 23 removed. */
const removed: Readonly<Record<string, (value: unknown) => boolean>> = {
  isArray: Array.isArray,
  isNullOrUndefined: (value) => value === null || value === undefined,
};

/** Puts back what is missing of `node:util`, before tfjs-node loads. */
export function repairUtil(
  target: Record<string, unknown> = util as unknown as Record<string, unknown>,
): void {
  for (const [name, f] of Object.entries(removed)) target[name] ??= f;
}
