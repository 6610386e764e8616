/**
 * URL of a module, `stem` from the folder that `here`, the `import.meta.url` of another one, is in, for a worker thread,
 * which loads JavaScript only: run from its source, a package sends workers to what was built of it.
 */
export function moduleFor(stem: string, here: string): string {
  const built = here.endsWith('.ts') ? here.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : here;
  return new URL(`${stem}.js`, built).href;
}
