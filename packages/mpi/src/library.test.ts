import { describe, expect, test } from 'vitest';
import { abiOf } from './abi.ts';
import { candidates, openLibrary } from './library.ts';

describe('which library is tried first', () => {
  test.each([
    ['of Open MPI', { OMPI_COMM_WORLD_SIZE: '2' }, 'linux', 'libmpi.so.40'],
    [
      'beside an Open MPI of its own',
      { OMPI_COMM_WORLD_SIZE: '2', OMPI_LIBDIR_LOC: '/opt/lib' },
      'linux',
      '/opt/lib/libmpi.so.40',
    ],
    ['of MPICH', { PMI_SIZE: '2' }, 'linux', 'libmpi.so.12'],
    ['of MPICH on a Mac', { PMI_SIZE: '2' }, 'darwin', 'libmpi.12.dylib'],
    ['that is named', { MA_NET_MPI: '/opt/libmpi.so' }, 'linux', '/opt/libmpi.so'],
  ] as const)('%s', (_, env, platform, first) => {
    expect(candidates(env, platform)[0]).toBe(first);
  });

  test('all kinds are among them, unless one is named', () => {
    expect(candidates({}, 'linux')).toEqual(
      expect.arrayContaining(['libmpi.so.40', 'libmpi.so.12', 'libmpi_abi.so.1', 'libmpi.so']),
    );
    expect(candidates({ MA_NET_MPI: 'x' }, 'linux')).toEqual(['x']);
  });
});

test('none at all is refused, with every name that was tried', () => {
  expect(() => openLibrary({ MA_NET_MPI: '/nowhere/libmpi.so' })).toThrow(
    expect.objectContaining({
      code: 'not-found',
      message: expect.stringContaining('/nowhere/libmpi.so'),
      hint: expect.stringContaining('install Open MPI or MPICH'),
    }),
  );
});

describe('the binary interface', () => {
  const never = (): number => {
    throw new Error('nobody asks Open MPI');
  };

  test('of Open MPI is addresses of variables', () => {
    const variables: Record<string, bigint> = {
      ompi_mpi_comm_world: 1n,
      ompi_mpi_float: 2n,
      ompi_mpi_byte: 3n,
      ompi_mpi_op_sum: 4n,
    };
    expect(abiOf((name) => variables[name], never)).toMatchObject({ name: 'Open MPI', world: 1n, sum: 4n });
  });

  test('of the others is told by the version of the standard that they follow', () => {
    const symbol = (name: string) => (name === 'MPI_Abi_get_version' ? 9n : undefined);
    expect(abiOf(symbol, () => 1)).toMatchObject({ handle: 'intptr_t', world: 0x101 });
    expect(abiOf(symbol, () => -1)).toMatchObject({ handle: 'int', world: 0x44000000 });
    expect(abiOf(() => undefined, never)).toMatchObject({ handle: 'int', world: 0x44000000 });
  });
});
