// Recipes of format 1 knew three methods, the zoo, two data sets and one task by name. They are read as recipes of parts.

type Fields = Readonly<Record<string, unknown>>;

/** What magnitude pruning took of `modulation`. */
const OF_MAGNITUDE: readonly string[] = ['plainRounds', 'prune', 'ramp', 'freeze', 'maskEvery'];

/**
 * A recipe of format 1 as one of format 2; anything else as it is. Values are carried over as they are: whoever reads
 * the recipe checks them.
 */
export function fromFormat1(value: unknown): unknown {
  if (!isFields(value) || 'format' in value || !isFields(value['tnet']) || !isFields(value['data']))
    return value;
  const { method, tnet, data, labelSmoothing, modulation, saveEvery, ...others } = value;
  const { name, about, seed, batchSize, epochs, optimizer, schedule, evaluateEvery, ...unknown } = others;
  const { modulateStem, modulateClassifier, ...network } = tnet as Fields;
  const { name: set, ...options } = data as Fields;
  return {
    format: 2,
    name,
    about,
    seed,
    network: { use: '@ma-net/tnet#zoo', ...network },
    data: { use: `@ma-net/data#${String(set)}`, ...options },
    task: { use: '@ma-net/task-classification#classification', labelSmoothing },
    method: methodOf(method, { stem: modulateStem, outputs: modulateClassifier }, modulation),
    batchSize,
    epochs,
    optimizer,
    schedule,
    evaluateEvery,
    ...(saveEvery === undefined ? {} : { saveEvery }),
    ...unknown,
  };
}

function methodOf(name: unknown, select: Fields, modulation: unknown): Fields {
  const { attach, ...given } = isFields(modulation) ? modulation : {};
  const options: Fields = { ...(attach === undefined ? {} : { throughDescriptors: attach }), ...given };
  if (name === 'plain') return { use: '@ma-net/baselines#plain' };
  if (name === 'ma-net') return { use: '@ma-net/method-ma-net#ma-net', select, ...options };
  const kept = Object.entries(options).filter(([field]) => OF_MAGNITUDE.includes(field));
  return { use: `@ma-net/baselines#${String(name)}`, select, ...Object.fromEntries(kept) };
}

/** Where a path of format 1 leads now; undefined for a path that it did not know. */
export function newPath(path: string): string | undefined {
  const moved: Readonly<Record<string, string>> = {
    'tnet.modulateStem': 'method.select.stem',
    'tnet.modulateClassifier': 'method.select.outputs',
    'modulation.attach': 'method.throughDescriptors',
    'data.name': 'data',
    labelSmoothing: 'task.labelSmoothing',
  };
  if (Object.hasOwn(moved, path)) return moved[path];
  const [first, ...rest] = path.split('.');
  if (first !== 'tnet' && first !== 'modulation') return undefined;
  return [first === 'tnet' ? 'network' : 'method', ...rest].join('.');
}

/** Facts of the data as runs of format 1 kept them: samples were called images. */
export function splitsFromFormat1(data: unknown): unknown {
  if (!isFields(data)) return data;
  const splits = Object.entries(data).map(([name, split]) => {
    if (!isFields(split) || !('images' in split)) return [name, split];
    const { images, fingerprint, ...others } = split;
    return [name, { ...others, samples: images, fingerprint }];
  });
  return Object.fromEntries(splits);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
