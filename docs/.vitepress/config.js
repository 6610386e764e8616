import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

/** A page for each family of networks; whoever adds one adds no line here. */
const networks = readdirSync(new URL('../tnet/', import.meta.url))
  .filter((file) => file.endsWith('.md') && file !== 'index.md')
  .map((file) => ({
    text: /^# (.+)/.exec(readFileSync(new URL(`../tnet/${file}`, import.meta.url), 'utf8'))[1],
    link: `/tnet/${file.replace('.md', '')}`,
  }));

export default defineConfig({
  title: 'MA-Net',
  description: 'Networks that astrocytes modulate and prune while they train.',
  cleanUrls: true,
  srcExclude: ['README.md'],
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Guide', link: '/guide/getting-started' },
      { text: 'The algorithm', link: '/algorithm' },
    ],
    sidebar: [
      {
        text: 'Guide',
        items: [
          { text: 'Getting started', link: '/guide/getting-started' },
          { text: 'Concepts', link: '/guide/concepts' },
          { text: 'Your own network and data', link: '/guide/your-own-network' },
          { text: 'Recipes', link: '/guide/recipes' },
          { text: 'A run directory', link: '/guide/run-directory' },
          { text: 'Many machines', link: '/guide/many-machines' },
          { text: 'Backends', link: '/guide/backends' },
          { text: 'What passes where', link: '/guide/backend-table' },
          { text: 'Add a network', link: '/guide/add-a-network' },
          { text: 'Add a layer', link: '/guide/add-a-layer' },
        ],
      },
      { text: 'Networks', items: [{ text: 'All of them', link: '/tnet/' }, ...networks] },
      {
        text: 'Background',
        items: [
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
