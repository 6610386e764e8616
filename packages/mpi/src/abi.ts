// One interface over the binary interfaces of MPI: handles are addresses of variables in Open MPI, numbers in MPICH and
// its kin, and small numbers as wide as an address in the ABI that MPI 5.0 (chapter 20) standardises. The numbers are
// those of the headers mpi.h of MPICH and mpi_abi.h.

export interface Abi {
  readonly name: string;
  /** C type of a handle. */
  readonly handle: 'intptr_t' | 'int';
  readonly world: bigint | number;
  readonly float: bigint | number;
  readonly byte: bigint | number;
  readonly sum: bigint | number;
  /** The address that stands for "the buffer is both input and output". */
  readonly inPlace: bigint;
  /** The level of threads at which one thread at a time may call. */
  readonly serialized: number;
}

/** Addresses of the variables of a library; undefined where it has none of that name. */
export type Symbols = (name: string) => bigint | undefined;

const mpich: Abi = {
  name: 'MPICH',
  handle: 'int',
  world: 0x44000000,
  float: 0x4c00040a,
  byte: 0x4c00010d,
  sum: 0x58000003,
  inPlace: -1n,
  serialized: 2,
};

const standard: Abi = {
  name: 'the standard ABI',
  handle: 'intptr_t',
  world: 0x101,
  float: 0x210,
  byte: 0x247,
  sum: 0x21,
  inPlace: 1n,
  serialized: 2048,
};

/**
 * The interface of a library: Open MPI has the variables; of the others, those that follow the standard tell its version,
 * and -1 where they do not follow it.
 */
export function abiOf(symbol: Symbols, standardVersion: () => number): Abi {
  const [world, float, byte, sum] = [
    symbol('ompi_mpi_comm_world'),
    symbol('ompi_mpi_float'),
    symbol('ompi_mpi_byte'),
    symbol('ompi_mpi_op_sum'),
  ];
  if (world !== undefined && float !== undefined && byte !== undefined && sum !== undefined)
    return { name: 'Open MPI', handle: 'intptr_t', world, float, byte, sum, inPlace: 1n, serialized: 2 };
  return symbol('MPI_Abi_get_version') !== undefined && standardVersion() >= 1 ? standard : mpich;
}
