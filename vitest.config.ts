import { readdirSync, existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const conditions = ['@ma-net/source', 'node', 'import', 'default'];
const workspaces = ['packages', 'apps', 'tools'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => existsSync(`${folder}/${name}/package.json`))
    .map((name) => ({ name: `@ma-net/${name}`, root: `${folder}/${name}` })),
);

export default defineConfig({
  test: {
    projects: workspaces.map(({ name, root }) => ({
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: conditions } },
      test: {
        name,
        include: ['**/*.test.ts'],
        exclude: ['**/node_modules/**', '**/dist/**'],
        testTimeout: 30_000,
      },
    })),
  },
});
