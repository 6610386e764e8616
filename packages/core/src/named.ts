/**
 * A record of what a file names. It inherits nothing: a tensor called `__proto__` or `constructor` is a name like
 * any other, and a name that is not there is undefined.
 */
export function named<T>(entries: Iterable<readonly [string, T]> = []): Record<string, T> {
  const record = Object.create(null) as Record<string, T>;
  for (const [name, value] of entries) record[name] = value;
  return record;
}
