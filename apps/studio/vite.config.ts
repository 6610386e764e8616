import { defineConfig } from 'vite';

/** What makes a page isolated, so that WebAssembly may have threads. */
const isolated = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  root: import.meta.dirname,
  // The files can lie in any folder of a server.
  base: './',
  resolve: { conditions: ['@ma-net/source', 'browser', 'module', 'import', 'default'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    outDir: 'site',
    chunkSizeWarningLimit: 1500,
  },
  server: { headers: isolated },
  preview: { headers: isolated },
});
