// What makes a repository a project: workflows that run what there is, forms, and files that say how to cite and report.

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { files, published, read } from './repository.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly steps: readonly Step[];
        readonly permissions?: Readonly<Record<string, string>>;
        readonly 'timeout-minutes'?: number;
        readonly strategy?: { readonly matrix: { readonly node: readonly string[] } };
      }
    >
  >;
}

const workflow = (name: string): Workflow => parse(read(`.github/workflows/${name}.yml`)) as Workflow;
const { scripts, engines } = JSON.parse(read('package.json')) as {
  scripts: Readonly<Record<string, string>>;
  engines: { node: string };
};

describe.each(['test', 'release'])('the workflow %s', (name) => {
  const { jobs, permissions } = workflow(name);
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  test('runs scripts that there are', () => {
    const words = steps.flatMap(({ run, with: given }) => [run, given?.['version'], given?.['publish']]);
    const asked = words.flatMap(
      (word) => /^npm run (\S+)$/.exec(typeof word === 'string' ? word : '')?.[1] ?? [],
    );
    expect(asked.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);
  });

  test('may read, and no more unless a job says so; names the versions of what it uses; and ends', () => {
    expect(permissions).toEqual({ contents: 'read' });
    for (const { uses } of steps)
      if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@(v\d+|[0-9a-f]{40})$/);
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
  });
});

test('tests run on the oldest Node that is promised, and what would be published is tried', () => {
  const { jobs, on } = workflow('test');
  expect(Object.keys(on)).toEqual(expect.arrayContaining(['push', 'pull_request']));
  expect(jobs['test']!.strategy!.matrix.node).toContain(engines.node.replace('>=', ''));
  expect(jobs['test']!.steps.map(({ run }) => run)).toContain('npm test');
  expect(jobs['release-dry']!.steps.map(({ run }) => run)).toContain('npm run release:dry');
});

test('a release is made of changesets, and says where it was built', () => {
  const { release } = workflow('release').jobs;
  const step = release!.steps.find(({ uses }) => uses?.startsWith('changesets/action@'))!;
  expect(step.with).toMatchObject({ version: 'npm run release:version', publish: 'npm run release' });
  expect(step.env).toMatchObject({ NPM_CONFIG_PROVENANCE: 'true' });
  expect(release!.permissions).toEqual({ contents: 'write', 'pull-requests': 'write', 'id-token': 'write' });
  // Provenance is checked against these.
  const places = published.map(
    ({ manifest }) => (manifest as { repository?: { url?: string } }).repository?.url,
  );
  expect(new Set(places)).toEqual(new Set(['git+https://github.com/ma-net/ma-net.git']));
});

test('forms of issues have what GitHub asks for', () => {
  const forms = files.filter((file) => /^\.github\/ISSUE_TEMPLATE\/(?!config).*\.yml$/.test(file));
  expect(forms.length).toBeGreaterThan(1);
  for (const file of forms) {
    const form = parse(read(file)) as {
      name: string;
      description: string;
      body: readonly { type: string; id: string; attributes: { label: string } }[];
    };
    expect(form.name.length * form.description.length).toBeGreaterThan(0);
    for (const { type, id, attributes } of form.body) {
      expect(['textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
      expect(id).toMatch(/^[a-z-]+$/);
      expect(attributes.label).not.toBe('');
    }
  }
});

test('CITATION.cff names this software and the paper', () => {
  const citation = parse(read('CITATION.cff')) as {
    readonly 'cff-version': string;
    readonly message: string;
    readonly title: string;
    readonly authors: readonly object[];
    readonly license: string;
    readonly 'repository-code': string;
    readonly references: readonly [
      { title: string; year: number; authors: readonly { 'family-names': string }[] },
    ];
  };
  const manifest = JSON.parse(read('package.json')) as { license: string; homepage: string };
  expect(citation).toMatchObject({ 'cff-version': '1.2.0', title: 'MA-Net', license: manifest.license });
  expect(manifest.homepage).toContain(citation['repository-code']);
  expect(citation.authors.length).toBeGreaterThan(0);
  const [paper] = citation.references;
  expect(read('docs/algorithm.md')).toContain(paper.title);
  expect(paper.year).toBe(2024);
  expect(paper.authors.map((author) => author['family-names'])).toEqual(['Han', 'Pan', 'Liu']);
});

test.each(['SECURITY.md', 'CODE_OF_CONDUCT.md', '.github/pull_request_template.md'])(
  '%s is there, and short',
  (file) => {
    const lines = read(file).trim().split('\n');
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.length).toBeLessThan(40);
  },
);
