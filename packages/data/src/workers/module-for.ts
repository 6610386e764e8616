/**
 * URL of a module of this package for a worker thread, which loads JavaScript only: run from its source, the
 * package sends workers to what was built of it.
 */
export function moduleFor(stem: string): string {
  const here = import.meta.url;
  return here.endsWith('.ts')
    ? new URL(`../../dist/${stem}.js`, here).href
    : new URL(`../${stem}.js`, here).href;
}
