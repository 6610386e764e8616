import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

/** A page for each family of networks; whoever adds one adds no line here. */
const networks = readdirSync(new URL('../tnet/', import.meta.url))
  .filter((file) => file.endsWith('.md') && file !== 'index.md')
  .map((file) => ({
    text: /^# (.+)/.exec(readFileSync(new URL(`../tnet/${file}`, import.meta.url), 'utf8'))[1],
    link: `/tnet/${file.replace('.md', '')}`,
  }));

/** A page for every entry point of a package; there are none before the reference is written (`npm run docs`). */
const api = new URL('../api/', import.meta.url);
const reference = !existsSync(api)
  ? []
  : readdirSync(api, { recursive: true })
      .filter((file) => file.endsWith('.md') && file !== 'index.md')
      .sort()
      .map((file) => {
        const page = file.replaceAll('\\', '/').replace('.md', '');
        return { text: page.replace('/src', '').replace(/\/index$/, ''), link: `/api/${page}` };
      });

export default defineConfig({
  title: 'MA-Net',
  description: 'Networks that astrocytes modulate and prune while they train.',
  cleanUrls: true,
  // None, and no question for one.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcExclude: ['README.md'],
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Guide', link: '/guide/getting-started' },
      { text: 'How it works', link: '/how-it-works' },
      { text: 'Commands', link: '/guide/commands' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [
      {
        text: 'Guide',
        items: [
          { text: 'Start in five minutes', link: '/guide/getting-started' },
          { text: 'Concepts', link: '/guide/concepts' },
          { text: 'Your own network', link: '/guide/your-own-network' },
          { text: 'Your own data', link: '/guide/your-own-data' },
          { text: 'Your own task', link: '/guide/your-own-task' },
          { text: 'Boxes and masks', link: '/guide/detection' },
          { text: 'Every command', link: '/guide/commands' },
          { text: 'Recipes', link: '/guide/recipes' },
          { text: 'Search', link: '/guide/search' },
          { text: 'A run directory', link: '/guide/run-directory' },
          { text: 'Many machines', link: '/guide/many-machines' },
          { text: 'Backends', link: '/guide/backends' },
          { text: 'What passes where', link: '/guide/backend-table' },
          { text: 'Add a network', link: '/guide/add-a-network' },
          { text: 'Add a layer', link: '/guide/add-a-layer' },
        ],
      },
      ...(reference.length === 0 ? [] : [{ text: 'API', collapsed: true, items: reference }]),
      { text: 'Networks', items: [{ text: 'All of them', link: '/tnet/' }, ...networks] },
      {
        text: 'Background',
        items: [
          { text: 'How MA-Net works', link: '/how-it-works' },
          { text: 'The algorithm', link: '/algorithm' },
          { text: 'Neuron level', link: '/neuron-level' },
          { text: 'What astrocytes add', link: '/what-astrocytes-add' },
          { text: 'Architecture', link: '/architecture' },
        ],
      },
    ],
    outline: [2, 3],
  },
});
