// nx g @ma-net/nx:tnet <name>: a task network that builds, trains and passes its tests, to be edited from there.

import { readFileSync } from 'node:fs';

const SOURCES = 'packages/tnet/src';

/** Every file that a new network needs, and the lines that make it known. */
export default async function tnet(tree, { name }) {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new Error(
      `"${name}" is not kebab case: letters and digits, joined by single hyphens, as in mobile-net.`,
    );
  }
  const camel = name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  const Pascal = camel[0].toUpperCase() + camel.slice(1);
  const words = { name, key: camel === name ? name : `'${name}'`, camel, Pascal };
  const made = {
    [`${SOURCES}/${name}.ts`]: fill('network.ts', words),
    [`${SOURCES}/${name}.test.ts`]: fill('network.test.ts', words),
    [`docs/tnet/${name}.md`]: fill('page.md', words),
  };
  const taken = Object.keys(made).filter((path) => tree.exists(path));
  if (taken.length > 0) throw new Error(`There already is ${taken.join(' and ')}; nothing was written.`);

  const zoo = tree.read(`${SOURCES}/zoo.ts`, 'utf8');
  const index = tree.read(`${SOURCES}/index.ts`, 'utf8');
  const registered = before(
    before(zoo, '/** Every task network we ship', fill('builder.ts', words)),
    '} as const satisfies Record<string, Builder>;',
    fill('lines.ts', words),
  );
  const exported = sortedExports(index, fill('export.ts', words));

  for (const [path, text] of Object.entries(made)) tree.write(path, text);
  tree.write(`${SOURCES}/zoo.ts`, registered);
  tree.write(`${SOURCES}/index.ts`, exported);
}

/** A template with __name__, __key__, __camel__ and __Pascal__ replaced. */
function fill(template, words) {
  const text = readFileSync(new URL(`templates/${template}.txt`, import.meta.url), 'utf8');
  return text.replace(/__(name|key|camel|Pascal)__/g, (_, word) => words[word]);
}

function before(text, anchor, addition) {
  const at = text.indexOf(anchor);
  if (at === -1)
    throw new Error(`${SOURCES}/zoo.ts has no line "${anchor}" to write before; nothing was written.`);
  return text.slice(0, at) + addition + text.slice(at);
}

/** Puts an export before the first one from a file that sorts after its own. */
function sortedExports(text, line) {
  const fileOf = (statement) => /from '(.+)';/.exec(statement)?.[1] ?? '';
  const statements = text.split(/(?<=;\n)/);
  const at = statements.findIndex((statement) => fileOf(statement) > fileOf(line));
  return statements.toSpliced(at === -1 ? statements.length : at, 0, line).join('');
}
