// libmpi, found and bound. Nothing here knows of tensors.

import { join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import koffi from 'koffi';
import { type Abi, abiOf } from './abi.ts';

/** What koffi hands out for memory of its own; it has no type for it. */
type Pointer = unknown;
type Environment = Readonly<Record<string, string | undefined>>;

/** Memory that MPI reads and writes, outside of JavaScript's, so that nothing moves it; whoever made it frees it. */
export interface NativeBuffer {
  readonly pointer: Pointer;
  readonly bytes: Uint8Array;
  free(): void;
}

export function nativeBuffer(bytes: number): NativeBuffer {
  const pointer = koffi.alloc('uint8_t', Math.max(1, bytes));
  const view = new Uint8Array(koffi.view(pointer, Math.max(1, bytes)));
  return { pointer, bytes: view, free: () => koffi.free(pointer) };
}

export interface Library {
  /** Of which kind, and from which file. */
  readonly about: string;
  readonly rank: number;
  readonly size: number;
  /** Sums `count` float32 numbers of all ranks in place. */
  sum(buffer: NativeBuffer, count: number): Promise<void>;
  /** The same, at once. */
  sumNow(buffer: NativeBuffer, count: number): void;
  /** `count` bytes of `root`, to all ranks. */
  broadcast(buffer: NativeBuffer, count: number, root: number): Promise<void>;
  /** `count` bytes of every rank, one after the other. */
  gather(own: NativeBuffer, all: NativeBuffer, count: number): Promise<void>;
  finalize(): void;
  /** Ends all ranks. */
  abort(code: number): void;
}

/** Names of the library, the most likely first: of the MPI whose launcher started this process, then of others. */
export function candidates(env: Environment, platform: string): readonly string[] {
  const given = env['MA_NET_MPI'];
  if (given !== undefined && given !== '') return [given];
  const mac = platform === 'darwin';
  const file = (name: string, version?: number): string => {
    const number = version === undefined ? '' : `.${version}`;
    return mac ? `${name}${number}.dylib` : `${name}.so${number}`;
  };
  const openMpi = [file('libmpi', 40)];
  const mpich = [file('libmpi', 12), file('libmpich', 12)];
  const standard = [file('libmpi_abi', 1), file('libmpi_abi')];
  const folder = env['OMPI_LIBDIR_LOC'];
  const beside = folder === undefined ? [] : openMpi.map((name) => join(folder, name));
  const byOpenMpi = env['OMPI_COMM_WORLD_SIZE'] !== undefined;
  const ordered = byOpenMpi ? [...beside, ...openMpi, ...mpich] : [...mpich, ...openMpi];
  return [...ordered, ...standard, file('libmpi')];
}

/** Loads the first library that there is, and joins the ranks. Throws `not-found` where there is none. */
export function openLibrary(env: Environment = process.env, platform: string = process.platform): Library {
  const { lib, name } = load(candidates(env, platform));
  const symbol = (of: string): bigint | undefined => {
    try {
      return koffi.address(lib.symbol(of));
    } catch {
      return undefined;
    }
  };
  const abi = abiOf(symbol, () => {
    const [major, minor] = [[0], [0]];
    lib.func('int MPI_Abi_get_version(_Out_ int*, _Out_ int*)')(major, minor);
    return major[0]!;
  });
  return joined(lib, abi, `${abi.name} (${name})`);
}

function joined(lib: ReturnType<typeof koffi.load>, abi: Abi, about: string): Library {
  const { handle, world, float, byte, sum } = abi;
  const bound = (signature: string) => {
    const call = lib.func(signature);
    const name = /MPI_\w+/.exec(signature)![0];
    const check = (code: number): void => {
      if (code !== 0) throw failed(name, code, about);
    };
    return {
      now: (...given: unknown[]): void => check(call(...given)),
      later: (...given: unknown[]): Promise<void> =>
        new Promise((resolve, reject) => {
          call.async(...given, (error: unknown, code: number) => {
            if (error === null && code === 0) resolve();
            else reject(error instanceof Error ? error : failed(name, code, about));
          });
        }),
    };
  };
  const provided = [0];
  bound('int MPI_Init_thread(void*, void*, int, _Out_ int*)').now(null, null, abi.serialized, provided);
  const number = (name: string): number => {
    const out = [0];
    bound(`int ${name}(${handle}, _Out_ int*)`).now(world, out);
    return out[0]!;
  };
  const allReduce = bound(`int MPI_Allreduce(intptr_t, void*, int, ${handle}, ${handle}, ${handle})`);
  const bcast = bound(`int MPI_Bcast(void*, int, ${handle}, int, ${handle})`);
  const allGather = bound(`int MPI_Allgather(void*, int, ${handle}, void*, int, ${handle}, ${handle})`);
  const finalize = bound('int MPI_Finalize()');
  const abort = bound(`int MPI_Abort(${handle}, int)`);
  // Where the library may only be called by the thread that started it, the thread of JavaScript waits for it.
  const threads = provided[0]! >= abi.serialized;
  const run = async (call: ReturnType<typeof bound>, ...given: unknown[]): Promise<void> =>
    threads ? call.later(...given) : call.now(...given);
  return {
    about,
    rank: number('MPI_Comm_rank'),
    size: number('MPI_Comm_size'),
    sum: ({ pointer }, count) => run(allReduce, abi.inPlace, pointer, count, float, sum, world),
    sumNow: ({ pointer }, count) => allReduce.now(abi.inPlace, pointer, count, float, sum, world),
    broadcast: ({ pointer }, count, root) => run(bcast, pointer, count, byte, root, world),
    gather: (own, all, count) => run(allGather, own.pointer, count, byte, all.pointer, count, byte, world),
    finalize: () => finalize.now(),
    abort: (code) => abort.now(world, code),
  };
}

function load(names: readonly string[]): {
  readonly lib: ReturnType<typeof koffi.load>;
  readonly name: string;
} {
  const reasons: string[] = [];
  for (const name of names) {
    try {
      // Open MPI's plug-ins look for its functions among those of the whole process.
      return { lib: koffi.load(name, { lazy: true, global: true }), name };
    } catch (error) {
      reasons.push(`${name}: ${(error as Error).message}`);
    }
  }
  throw new MaNetError('not-found', `No MPI library can be loaded:\n  ${reasons.join('\n  ')}`, {
    where: 'MA_NET_MPI',
    hint: 'install Open MPI or MPICH, or name the file of libmpi in MA_NET_MPI.',
  });
}

function failed(name: string, code: number, about: string): MaNetError {
  return new MaNetError('backend-failed', `${name} of ${about} failed with code ${code}.`, {
    hint: 'the launcher of the ranks says more; a rank may have ended.',
  });
}
