/** Paths of the fields in which two values of JSON differ, such as `optimizer.learningRate: 0.1, now 0.2`. */
export function changesBetween(before: unknown, now: unknown, path = ''): string[] {
  if (isObject(before) && isObject(now)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
    return [...keys].flatMap((key) =>
      changesBetween(own(before, key), own(now, key), path === '' ? key : `${path}.${key}`),
    );
  }
  const [was, is] = [JSON.stringify(before), JSON.stringify(now)];
  return was === is ? [] : [`${path}: ${shown(was)}, now ${shown(is)}`];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function shown(json: string | undefined): string {
  if (json === undefined) return 'nothing';
  return json.length > 80 ? `${json.slice(0, 80)}...` : json;
}
