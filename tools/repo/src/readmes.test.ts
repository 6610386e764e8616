// Docs run: every package explains itself on two screens, and the first snippet of its README works. So does
// the first snippet of the root's README and of every page of the guide.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import { expect, test, vi } from 'vitest';
import { firstSnippet, promisedOutput, withoutSpaces } from './markdown.ts';
import { files, packages, read, root, type Workspace, workspaces } from './repository.ts';

const twoScreens = 90;
const snippets = join(root, 'tools/repo/snippets');

test('every package and every app explains itself', () => {
  const explained = workspaces.filter(({ kind }) => kind !== 'tools').map(readme);
  expect(explained.filter((file) => !files.includes(file))).toEqual([]);
});

test.each(workspaces.map(readme).filter((file) => files.includes(file)))('%s fits on two screens', (file) => {
  const lines = read(file).split('\n');
  expect(lines[0]).toBe(`# ${workspaces.find((w) => readme(w) === file)?.manifest.name}`);
  expect(lines.length).toBeLessThanOrEqual(twoScreens);
});

const pages = files.filter((file) => file === 'README.md' || /^docs\/.*\.md$/.test(file));
const withSnippet = [
  ...packages.map(readme).filter((file) => files.includes(file)),
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

function readme({ folder }: Workspace): string {
  return `${folder}/README.md`;
}
