import { expect, test } from 'vitest';
import { anchors, firstSnippet, links, promisedOutput } from './markdown.ts';

const page = [
  '# A `page` (of ours)',
  '',
  'See [the guide](guide/start.md#go) and `[not](this.md)`.',
  '',
  '```sh',
  'npm ci # [nor](that.md)',
  '```',
  '',
  '```ts',
  'const a = 1;',
  'console.log(a);',
  '// 1',
  'console.log(a + 1); // 2 of ...',
  '// A comment of its own: the line above said what it prints.',
  '',
  '// Not output.',
  '```',
  '',
  '## Twice',
  '## Twice',
].join('\n');

test('finds the first snippet', () => {
  expect(firstSnippet(page)).toMatch(/^const a = 1;\n/);
  expect(firstSnippet('```sh\nls\n```')).toBeUndefined();
});

test('reads what a snippet promises to print', () => {
  const promised = promisedOutput("console.log('x');\n// x is 1...\nconst y = 2;\n// prose\nlog(y); // 3\n");
  expect(promised.map(String)).toEqual(['/^xis1.*$/']);
  expect(promisedOutput('console.log(\n  a,\n);\n// 7\n').map(String)).toEqual(['/^7$/']);
  expect(promisedOutput('console.log(a); // 2 (of 3)\n').map(String)).toEqual(['/^2\\(of3\\)$/']);
});

test('finds links outside code, and the anchors of headings', () => {
  expect(links(page)).toEqual(['guide/start.md#go']);
  expect([...anchors(page)]).toEqual(['a-page-of-ours', 'twice', 'twice-1']);
});
