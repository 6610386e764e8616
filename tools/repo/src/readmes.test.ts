// Docs run: every package explains itself on two screens, and the first snippet of its README works. So does
// the first snippet of the root's README and of every page of the guide.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { firstSnippet, promisedOutput, withoutSpaces } from './markdown.ts';
import { files, packages, read, root, titled, workspaces } from './repository.ts';

const twoScreens = 90;
const snippets = join(root, 'tools/repo/snippets');

describe.each(titled(workspaces))('%s/README.md', (folder, { manifest }) => {
  const file = `${folder}/README.md`;

  test('is there, and fits on two screens', () => {
    expect(files).toContain(file);
    const lines = read(file).split('\n');
    expect(lines[0]).toBe(`# ${manifest.name}`);
    expect(lines.length).toBeLessThanOrEqual(twoScreens);
  });
});

const pages = files.filter((file) => file === 'README.md' || /^docs\/.*\.md$/.test(file));
const withSnippet = [
  ...packages.map(({ folder }) => `${folder}/README.md`).filter((file) => files.includes(file)),
  ...pages.filter((file) => firstSnippet(read(file)) !== undefined),
];

test.each(withSnippet)(
  'the first snippet of %s runs, and prints what it says',
  async (file) => {
    const snippet = firstSnippet(read(file));
    if (snippet === undefined) throw new Error(`${file} shows no \`\`\`ts snippet.`);

    // A file inside the repository, so that imports resolve as they do in any of our sources.
    const copy = join(snippets, `${file.replace(/[^\w]+/g, '-')}.ts`);
    mkdirSync(snippets, { recursive: true });
    writeFileSync(copy, `${snippet}\nexport {};\n`);

    const printed: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((...args: unknown[]) => {
      printed.push(...format(...args).split('\n'));
    });
    try {
      await import(copy);
    } finally {
      log.mockRestore();
    }

    let from = 0;
    for (const line of promisedOutput(snippet)) {
      const at = printed.findIndex((text, i) => i >= from && line.test(withoutSpaces(text)));
      expect(at, `${line.source} in\n${printed.join('\n')}`).toBeGreaterThanOrEqual(0);
      from = at + 1;
    }
  },
  120_000,
);
