// What the tests read out of Markdown: snippets and the output they promise, links, headings.

/** The first fenced block of TypeScript; undefined when there is none. */
export function firstSnippet(markdown: string): string | undefined {
  return /^```ts\n([\s\S]*?)^```$/m.exec(markdown)?.[1];
}

/**
 * The lines a snippet says it prints: the comments right below a `console.log`, and the one behind it.
 * `...` stands for anything, and spaces do not count: match with `withoutSpaces(line)`.
 */
export function promisedOutput(snippet: string): readonly RegExp[] {
  let logging = false;
  const promised: string[] = [];
  for (const line of snippet.split('\n')) {
    const comment = /^\s*\/\/ (.+)$/.exec(line)?.[1];
    if (comment !== undefined) {
      if (logging) promised.push(comment);
      continue;
    }
    if (/^\s*console\.log\(/.test(line)) logging = true;
    else if (line.trim() === '' || /^\S/.test(line)) logging = /^\s*[)\]}]+;?$/.test(line) && logging;
    const behind = /^\s*console\.log\(.*\);\s*\/\/ (.+)$/.exec(line)?.[1];
    if (behind !== undefined) promised.push(behind);
  }
  return promised.map((line) => {
    const parts = withoutSpaces(line).split(/\.\.\.|…/);
    return new RegExp(`^${parts.map(escape).join('.*')}$`);
  });
}

export const withoutSpaces = (text: string): string => text.replace(/\s/g, '');

/** Targets of all links and images outside code. */
export function links(markdown: string): readonly string[] {
  const prose = withoutCode(markdown);
  return [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map((m) => m[1] ?? '');
}

/** The anchors that the headings of a page get. */
export function anchors(markdown: string): ReadonlySet<string> {
  const seen = new Set<string>();
  for (const [, heading = ''] of withoutFences(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    let anchor = slug;
    for (let n = 1; seen.has(anchor); n++) anchor = `${slug}-${n}`;
    seen.add(anchor);
  }
  return seen;
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^(```+)[\s\S]*?^\1\s*$/gm, '');
}

function withoutCode(markdown: string): string {
  return withoutFences(markdown).replace(/`[^`\n]*`/g, '');
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
