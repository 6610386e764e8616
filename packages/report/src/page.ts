// A report as one page of HTML: no script, no other file, nothing fetched. Whatever comes from a run is text in it.

import { escaped, printable } from './escape.ts';
import { type Figure, methodRows, reportFigures } from './figures.ts';
import { methodsTable } from './methods.ts';
import type { RunRecord } from './record.ts';
import { themeCss } from './theme.ts';

export interface PageOptions {
  readonly title: string;
  /** Where times were measured. */
  readonly device?: string;
  /** When and by what the page was made, in words. */
  readonly made: string;
}

const SECTIONS: readonly (readonly [Figure['section'], string])[] = [
  ['methods', 'Results'],
  ['learning', 'How it learned'],
  ['left', 'What is left'],
  ['astrocytes', 'What the astrocytes did'],
];

/** The page of some runs. */
export function reportPage(runs: readonly RunRecord[], { title, device, made }: PageOptions): string {
  const figures = reportFigures(runs);
  const { measure, rows } = methodRows(runs);
  const table =
    measure === undefined || rows.length === 0
      ? ''
      : methodsTable(rows, { measure, ...(device === undefined ? {} : { device }) });
  const sections = SECTIONS.flatMap(([section, heading]) => {
    const own = figures.filter((figure) => figure.section === section);
    const extra = section === 'methods' ? table : '';
    if (own.length === 0 && extra === '') return [];
    return [
      `<section><h2>${heading}</h2>${extra}<div class="figures">${own.map(framed).join('\n')}</div></section>`,
    ];
  });
  const notes = [...new Set(runs.flatMap((run) => run.notes.map((note) => `${run.path}: ${note}`)))];
  return htmlPage(title, [
    `<header><h1>${escaped(title)}</h1><p class="note">${escaped(made)}</p></header>`,
    '<main>',
    ...(notes.length === 0
      ? []
      : [`<ul class="notes">${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>`]),
    ...sections,
    `<section><h2>${runs.length === 1 ? 'The run' : 'The runs'}</h2>${runs.map(runDetails).join('\n')}</section>`,
    '</main>',
  ]);
}

/** A page of this body, which allows nothing but its own style, and of scripts those with `nonce`. */
export function htmlPage(title: string, body: readonly string[], nonce?: string): string {
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
    ...(nonce === undefined ? [] : [`script-src 'nonce-${nonce}'`, "connect-src 'self'"]),
  ];
  return printable(
    [
      '<!doctype html>',
      '<!-- Written by MA-Net. -->',
      '<html lang="en">',
      '<head>',
      '<meta charset="utf-8">',
      `<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">`,
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      '<meta name="color-scheme" content="light dark">',
      `<title>${escaped(title)}</title>`,
      `<style>${themeCss()}${STYLE}</style>`,
      '</head>',
      '<body>',
      ...body,
      '</body>',
      '</html>',
      '',
    ].join('\n'),
  );
}

export const framed = ({ id, svg }: Pick<Figure, 'id' | 'svg'>): string =>
  `<figure id="${escaped(id)}">${svg}</figure>`;

function runDetails({ path, group, seed, facts, recipe, command }: RunRecord): string {
  const rows = facts.map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`);
  return [
    `<article><h3>${escaped(seed === undefined ? group : `${group}, seed ${seed}`)}</h3>`,
    `<dl><dt>run</dt><dd>${escaped(path)}</dd>${rows.join('')}</dl>`,
    '<p>Train it again, with the recipe below as <code>recipe.json</code>:</p>',
    `<pre><code>${escaped(command)}</code></pre>`,
    `<details><summary>recipe.json</summary><pre><code>${escaped(recipe)}</code></pre></details></article>`,
  ].join('\n');
}

const STYLE = `
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem clamp(.75rem,3vw,2rem) 3rem;max-width:94rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.25rem 0 .75rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}
h3{font-size:1.05rem;margin:1.5rem 0 .5rem;overflow-wrap:anywhere}
.note{color:var(--faint);font-size:.9rem}
.notes{color:var(--faint);overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));gap:1.25rem;align-items:start}
figure{margin:0}
figure>svg{display:block;width:100%;max-width:36rem!important;margin:0 auto}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.95rem}
th,td{padding:.35rem .9rem .35rem 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
th:first-child{text-align:left}
thead th{font-weight:600}
tbody th{font-weight:400}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0;font-size:.95rem}
dt{color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere}
pre{overflow-x:auto;padding:.75rem;border:1px solid var(--line);border-radius:6px;font-size:.85rem}
pre code{white-space:pre-wrap;overflow-wrap:anywhere}
summary{cursor:pointer}
@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}}
@media print{.figures{grid-template-columns:1fr 1fr}figure,article{break-inside:avoid}}
`;
