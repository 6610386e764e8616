// The endless stream of training mini-batches (section 9 of docs/algorithm.md) over any data set. Where it stands
// is the key it started from, and for every split its epoch and its position: what was handed out. Batches that
// are read ahead are a function of the same numbers, and can be thrown away at any time.

import {
  type Bucket,
  type Collate,
  type Collated,
  type Dataset,
  excerpt,
  type HostBatch,
  type HostTensor,
  MaNetError,
  type Share,
  Rng,
  type RngState,
} from '@ma-net/core';
import { type PlannedBatch, planEpoch, type Sorted, sortBySize } from './order.ts';

/** Where a source stands, as plain JSON. */
export interface SourceState {
  readonly epoch: number;
  /** Mini-batches of this epoch already handed out. */
  readonly position: number;
  readonly rng: RngState;
  /** Of the samples it runs over. */
  readonly fingerprint: string;
  /** Where the named splits stand, as far as they were drawn from. */
  readonly splits?: Readonly<Record<string, { readonly epoch: number; readonly position: number }>>;
}

/** What makes a batch: `rng` is of the epoch, and `places` split it. */
export interface Job<Sample> {
  readonly samples: readonly Sample[];
  readonly bucket: Bucket;
  readonly rng: RngState;
  readonly places: readonly number[];
}

/** Others that make batches, such as worker threads. */
export interface Crew<Sample> {
  readonly size: number;
  run(job: Job<Sample>): Promise<Collated>;
  close(): Promise<void>;
}

export interface SourceOptions<Sample> {
  /** Decides order and augmentation; not moved. Sources of equal generators are equal. */
  readonly rng: Rng;
  /** Parts of the data set that can be drawn from by name; without a name all of it is drawn from. */
  readonly splits?: Readonly<Record<string, Uint32Array>>;
  /** Makes the batches, and reads ahead one more than its size. Absent: each is made here, when it is asked for. */
  readonly crew?: Crew<Sample>;
}

/** An endless, seeded stream of mini-batches in JS memory. */
export interface HostSource {
  readonly batchesPerEpoch: number;
  readonly views: number;
  next(split?: string): Promise<HostBatch>;
  state(): SourceState;
  /** Continues, bit for bit, where `state` was taken. `bad-data` if it belongs to other samples. */
  restore(state: unknown): void;
  /**
   * From the next batch on gives one part of each alone, and reads no other samples, unless `collate` has to see all of them.
   * Throws `bad-argument` where batches have no equal parts.
   */
  share(part: Share): void;
  /** Samples whose place another one took so far: files that could not be read. */
  skipped(): readonly string[];
  close(): Promise<void>;
}

/** Draws whole batches of `dataset` in an order that is drawn anew each epoch, made by `collate`. */
export function createSource<Sample>(
  dataset: Dataset<Sample>,
  collate: Collate<Sample>,
  { rng, splits = {}, crew }: SourceOptions<Sample>,
): HostSource {
  const skipped = new Set<string>();
  const { buckets } = collate;
  let root = Rng.fromState(rng.state());

  let part: Share | undefined;

  const made = async (
    { indices, places }: Pick<PlannedBatch, 'indices' | 'places'>,
    bucket: Bucket,
    epochRng: Rng,
  ): Promise<Collated> => {
    const samples = await Promise.all(indices.map((index) => dataset.read(index)));
    if (crew === undefined) return collate.batch(samples, bucket, epochRng, places);
    return crew.run({ samples, bucket, rng: epochRng.state(), places });
  };
  const make = async (planned: PlannedBatch, epochRng: Rng): Promise<Collated> => {
    const bucket = buckets[planned.bucket]!;
    if (part === undefined) return made(planned, bucket, epochRng);
    const [each, first] = [bucket.batch / part.size, (part.rank * bucket.batch) / part.size];
    if (collate.whole === true) {
      const { tensors, ...rest } = await made(planned, bucket, epochRng);
      return { tensors: rowsOf(tensors, part, collate.views ?? 1), ...rest };
    }
    const own = <T>(of: readonly T[]): readonly T[] => of.slice(first, first + each);
    const mine = { indices: own(planned.indices), places: own(planned.places) };
    return made(mine, { ...bucket, batch: each }, epochRng);
  };

  const track = (name: string | undefined, indices?: Uint32Array): Track => {
    const sorted = sortBySize(dataset, buckets, indices);
    const key = () => (name === undefined ? root : root.split('split').split(name)).split('epoch');
    return createTrack(sorted, buckets, key, make, crew === undefined ? 0 : crew.size + 1);
  };
  const whole = track(undefined);
  const named = new Map<string, Track>();
  const trackOf = (name: string): Track => {
    let found = named.get(name);
    if (found === undefined) {
      if (!Object.hasOwn(splits, name)) throw unknownSplit(name, dataset.name, Object.keys(splits));
      found = track(name, splits[name]);
      named.set(name, found);
    }
    return found;
  };

  return {
    batchesPerEpoch: whole.batches,
    views: collate.views ?? 1,
    async next(split) {
      const { tensors, skipped: names = [] } = await (split === undefined ? whole : trackOf(split)).next();
      for (const name of names) skipped.add(name);
      return tensors;
    },
    state() {
      const places = [...named].map(([name, t]) => [name, t.place()] as const);
      return {
        ...whole.place(),
        rng: root.state(),
        fingerprint: dataset.fingerprint,
        ...(places.length === 0 ? {} : { splits: Object.fromEntries(places) }),
      };
    },
    restore(saved) {
      const state = checkedState(saved, dataset, whole.batches);
      root = Rng.fromState(state.rng);
      whole.go(state);
      for (const t of named.values()) t.go({ epoch: 0, position: 0 });
      for (const [name, place] of Object.entries(state.splits ?? {})) {
        const split = trackOf(name);
        if (!isPlace(place, split.batches)) throw noPlace(place, dataset, split.batches);
        split.go(place);
      }
    },
    share(wanted) {
      refuseUnequal(buckets, wanted, dataset.name);
      part = wanted;
      for (const t of [whole, ...named.values()]) t.go(t.place());
    },
    skipped: () => [...skipped].sort(),
    async close() {
      for (const t of [whole, ...named.values()]) t.go(t.place());
      await Promise.all([crew?.close(), dataset.close?.()]);
    },
  };
}

/** A part of the rows of every view. */
function rowsOf(batch: HostBatch, { rank, size }: Share, views: number): HostBatch {
  const own = ({ shape: [rows, ...rest], dtype, data }: HostTensor): HostTensor => {
    const [whole, each] = [data.length / views, data.length / (views * size)];
    const out = dtype === 'float32' ? new Float32Array(views * each) : new Int32Array(views * each);
    for (let v = 0; v < views; v++) {
      const first = v * whole + rank * each;
      out.set(data.subarray(first, first + each), v * each);
    }
    return { shape: [rows! / size, ...rest], dtype, data: out };
  };
  return Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [name, own(tensor)]));
}

function refuseUnequal(buckets: readonly Bucket[], { rank, size }: Share, name: string): void {
  if (!Number.isInteger(size) || !Number.isInteger(rank) || rank < 0 || rank >= size) {
    throw new MaNetError('bad-argument', `There is no part ${rank} of ${size}.`, {
      where: `"${name}"`,
      hint: 'count the parts from 0.',
    });
  }
  const other = buckets.find(({ batch }) => batch % size !== 0);
  if (other === undefined) return;
  throw new MaNetError('bad-argument', `A mini-batch of ${other.batch} samples has no ${size} equal parts.`, {
    where: `"${name}"`,
    hint: `take a batch size that ${size} divides, or another number of ranks.`,
  });
}

interface Place {
  readonly epoch: number;
  readonly position: number;
}

/** One walk through the epochs of a split. */
interface Track {
  readonly batches: number;
  next(): Promise<Collated>;
  /** Behind what was handed out last. */
  place(): Place;
  /** Throws away what was read ahead, and goes on from there. */
  go(place: Place): void;
}

function createTrack(
  sorted: Sorted,
  buckets: readonly Bucket[],
  key: () => Rng,
  make: (planned: PlannedBatch, rng: Rng) => Promise<Collated>,
  ahead: number,
): Track {
  const { batches } = sorted;
  const after = ({ epoch, position }: Place): Place =>
    position + 1 === batches ? { epoch: epoch + 1, position: 0 } : { epoch, position: position + 1 };
  let handedOut: Place = { epoch: 0, position: 0 };
  let begun: Place = handedOut;
  let drawn:
    | { readonly epoch: number; readonly rng: Rng; readonly plan: readonly PlannedBatch[] }
    | undefined;
  let queue: Promise<Collated>[] = [];

  const begin = (): void => {
    if (drawn?.epoch !== begun.epoch) {
      const rng = key().split(begun.epoch);
      drawn = { epoch: begun.epoch, rng, plan: planEpoch(sorted, buckets, rng) };
    }
    const batch = make(drawn.plan[begun.position]!, drawn.rng);
    // Told when it is its turn; until then nobody waits for it.
    batch.catch(() => undefined);
    queue.push(batch);
    begun = after(begun);
  };

  return {
    batches,
    async next() {
      if (queue.length === 0) begin();
      const batch = queue.shift()!;
      while (queue.length < ahead) begin();
      handedOut = after(handedOut);
      return batch;
    },
    place: () => handedOut,
    go(place) {
      handedOut = { epoch: place.epoch, position: place.position };
      begun = handedOut;
      drawn = undefined;
      queue = [];
    },
  };
}

function unknownSplit(name: string, where: string, known: readonly string[]): MaNetError {
  return new MaNetError('unknown-name', `The data have no split "${name}".`, {
    where: `"${where}"`,
    hint: known.length === 0 ? 'open the source with splits.' : `use one of ${known.join(', ')}.`,
  });
}

/** A state may come from a file, and be anything; its generator is checked by whoever makes one of it. */
function checkedState<Sample>(saved: unknown, dataset: Dataset<Sample>, batches: number): SourceState {
  const state = (saved ?? {}) as Partial<SourceState>;
  const { epoch, position, fingerprint, rng, splits = {} } = state;
  if (fingerprint !== dataset.fingerprint) {
    throw new MaNetError(
      'bad-data',
      `The stream was saved over other images: fingerprint ${excerpt(String(fingerprint).slice(0, 12))}, found ${dataset.fingerprint.slice(0, 12)}.`,
      {
        where: `"${dataset.name}"`,
        hint: 'resume with the data (and limits) that the run was started with.',
      },
    );
  }
  if (isPlace({ epoch, position }, batches) && rng !== undefined && splits !== null)
    return state as SourceState;
  throw noPlace({ epoch, position }, dataset, batches);
}

function isPlace(place: unknown, batches: number): place is Place {
  const { epoch, position } = (place ?? {}) as Partial<Place>;
  const isCount = (n: unknown): n is number => Number.isInteger(n) && (n as number) >= 0;
  return isCount(epoch) && isCount(position) && position < batches;
}

function noPlace<Sample>(place: unknown, dataset: Dataset<Sample>, batches: number): MaNetError {
  const { epoch, position } = (place ?? {}) as Readonly<Record<string, unknown>>;
  return new MaNetError(
    'bad-argument',
    `The stream has no epoch ${excerpt(epoch)}, position ${excerpt(position)}: an epoch has ${batches} mini-batches.`,
    { where: `"${dataset.name}"`, hint: 'resume with the batch size that the run was started with.' },
  );
}
