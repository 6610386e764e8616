/** What every network of the zoo can be asked for. */
export interface TNetOptions {
  readonly numClasses: number;
  /** [height, width, channels] of one image; each network has a default. */
  readonly inputShape?: readonly [number, number, number];
  /** Whether the first convolution takes part in the modulation; no unless given. */
  readonly modulateStem?: boolean;
  /** Whether the classifier takes part in the modulation; no unless given. */
  readonly modulateClassifier?: boolean;
}

/** Stages by name: `layer1`, `layer2`, ... */
export function named<V>(prefix: string, stages: readonly V[]): Record<string, V> {
  return Object.fromEntries(stages.map((x, i) => [`${prefix}${i + 1}`, x]));
}

/** How weight files are fetched. */
export interface HubOptions {
  /** In Node, where downloads are kept: `$XDG_CACHE_HOME/ma-net/weights`, or `~/.cache/ma-net/weights`, unless given. */
  readonly cacheDir?: string;
  /** Called as bytes arrive. */
  readonly onProgress?: (received: number, total: number) => void;
  /** For repositories that are not public. */
  readonly accessToken?: string;
  readonly hubUrl?: string;
  readonly fetch?: typeof fetch;
}
