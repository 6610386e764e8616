// libmpi, found and bound. Nothing here knows of tensors.

import { join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import koffi from 'koffi';
import { type Abi, abiOf } from './abi.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Library {
  /** Of which kind, and from which file. */
  readonly about: string;
  readonly rank: number;
  readonly size: number;
  /** Sums of all ranks, number by number, in place. */
  sum(values: Float32Array): Promise<void>;
  /** The same, at once. */
  sumNow(values: Float32Array): void;
  /** The bytes of `root`, to all ranks, which give as many. */
  broadcast(bytes: Uint8Array, root: number): Promise<void>;
  /** The bytes of every rank, as many each, one after the other. */
  gather(own: Uint8Array, all: Uint8Array): Promise<void>;
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
    // Memory of typed arrays stays where it is; whoever calls holds them meanwhile.
    sum: (values) => run(allReduce, abi.inPlace, values, values.length, float, sum, world),
    sumNow: (values) => allReduce.now(abi.inPlace, values, values.length, float, sum, world),
    broadcast: (bytes, root) => run(bcast, bytes, bytes.length, byte, root, world),
    gather: (own, all) => run(allGather, own, own.length, byte, all, own.length, byte, world),
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
