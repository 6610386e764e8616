import { defineConfig } from 'vitepress';

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
          { text: 'Recipes', link: '/guide/recipes' },
          { text: 'A run directory', link: '/guide/run-directory' },
          { text: 'Backends', link: '/guide/backends' },
          { text: 'Add a network', link: '/guide/add-a-network' },
        ],
      },
      {
        text: 'Background',
        items: [
          { text: 'The algorithm', link: '/algorithm' },
          { text: 'Architecture', link: '/architecture' },
        ],
      },
    ],
    outline: [2, 3],
  },
});
