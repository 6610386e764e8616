// A reporter of vitest that prints nothing: it leaves in the file MA_NET_SKIPPED what was skipped and why, a line
// for each package and reason, for `npm test` to print where it is seen.

import { writeFileSync } from 'node:fs';

export default class Skipped {
  onTestRunEnd(modules) {
    const counts = new Map();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const line = `${module.project.name}: ${reasonOf(test)}`;
        counts.set(line, (counts.get(line) ?? 0) + 1);
      }
    }
    const lines = [...counts].map(([line, count]) => (count === 1 ? line : `${line} (${count} times)`));
    writeFileSync(process.env.MA_NET_SKIPPED, lines.map((line) => `${line}\n`).join(''));
  }
}

/** What the test says of itself when it is skipped as it runs; the bracket at the end of its name; its name. */
function reasonOf(test) {
  return test.result().note ?? /\(([^()]+)\)$/.exec(test.name)?.[1] ?? test.name;
}
