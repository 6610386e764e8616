// Removes from every dist what no source makes any more: the compiler leaves it there, and it would be published.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '../..'));
const made = /\.(js|d\.ts)(\.map)?$/;

for (const kind of ['packages', 'apps']) {
  for (const id of readdirSync(join(root, kind))) {
    const dist = join(root, kind, id, 'dist');
    if (!existsSync(dist)) continue;
    for (const file of readdirSync(dist, { recursive: true })) {
      if (!made.test(file)) continue;
      const stem = join(root, kind, id, 'src', file.replace(made, ''));
      if (![`${stem}.ts`, `${stem}.tsx`].some((source) => existsSync(source))) rmSync(join(dist, file));
    }
  }
}
