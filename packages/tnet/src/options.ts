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
