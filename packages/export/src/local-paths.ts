// Files that are meant to be shared name no place of the machine that wrote them.

/** `value`, plain JSON, without the entries that are absolute paths or addresses of files. */
export function withoutLocalPaths(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !isLocal(item)).map(withoutLocalPaths);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => !isLocal(item));
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutLocalPaths(item)]));
}

/** /home/..., ~/..., C:\\..., \\\\host\\share, file://... */
function isLocal(value: unknown): boolean {
  return typeof value === 'string' && /^(\/|~[\w.-]*[\\/]|[A-Za-z]:[\\/]|\\\\|file:)/.test(value);
}
