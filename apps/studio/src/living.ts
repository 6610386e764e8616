// The drawing of a network, and which of its channels live.

/** The channels of one activation. */
export interface Column {
  /** The layer that makes it; the name of the input for the first. */
  readonly name: string;
  readonly units: number;
  /** Connections between it and an input; columns of one depth stand above each other. */
  readonly depth: number;
  /** Coupling group of its channels, which live and die together with those of the group's other columns. */
  readonly group?: string;
}

/** The connections of one kernel, from every channel of one column to every channel of another. */
export interface Bundle {
  readonly param: string;
  readonly from: number;
  readonly to: number;
}

export interface Wiring {
  readonly columns: readonly Column[];
  readonly bundles: readonly Bundle[];
}

/** Which channels of every column live: those that any connection reads, and all of those that nothing reads. */
export function livingUnits(
  { columns, bundles }: Wiring,
  strengths: Readonly<Record<string, Float32Array>>,
): readonly Uint8Array[] {
  const read = new Set(bundles.map(({ from }) => from));
  const living = columns.map(({ units }, index) => new Uint8Array(units).fill(read.has(index) ? 0 : 1));
  for (const { param, from, to } of bundles) {
    const posts = columns[to]!.units;
    const strength = strengths[param];
    living[from]!.forEach((alive, unit) => {
      if (alive === 1) return;
      const row = strength?.subarray(unit * posts, (unit + 1) * posts);
      if (row === undefined || row.some((value) => value > 0)) living[from]![unit] = 1;
    });
  }
  return living;
}
