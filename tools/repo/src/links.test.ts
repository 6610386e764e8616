import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { anchors, links } from './markdown.ts';
import { files, read, root } from './repository.ts';

const pages = files.filter((file) => file.endsWith('.md'));

test.each(pages)('links of %s lead somewhere', (page) => {
  const dead = links(read(page)).filter((link) => !/^(https?:|mailto:)/.test(link) && !resolves(page, link));
  expect(dead).toEqual([]);
});

function resolves(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : path.startsWith('/') ? `docs${path}` : join(dirname(page), path);
  if (!existsSync(join(root, target))) return false;
  if (anchor === undefined) return true;
  return statSync(join(root, target)).isFile() && anchors(read(target)).has(anchor);
}
