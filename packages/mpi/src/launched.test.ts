import { expect, test } from 'vitest';
import { launched } from './index.ts';

test.each([
  ['nothing', {}, undefined],
  ['one rank', { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' }, undefined],
  [
    'Open MPI',
    { OMPI_COMM_WORLD_RANK: '3', OMPI_COMM_WORLD_SIZE: '8', OMPI_COMM_WORLD_LOCAL_SIZE: '4' },
    { rank: 3, size: 8, here: 4 },
  ],
  ['MPICH', { PMI_RANK: '1', PMI_SIZE: '2', MPI_LOCALNRANKS: '2' }, { rank: 1, size: 2, here: 2 }],
  ['PMI without more', { PMI_RANK: '1', PMI_SIZE: '2' }, { rank: 1, size: 2, here: 1 }],
  ['Slurm', { PMIX_RANK: '5', SLURM_NTASKS: '6', SLURM_NTASKS_PER_NODE: '3' }, { rank: 5, size: 6, here: 3 }],
  ['a rank beyond the size', { PMI_RANK: '2', PMI_SIZE: '2' }, undefined],
  ['what is no number', { PMI_RANK: 'one', PMI_SIZE: '2' }, undefined],
  [
    'more ranks here than there are',
    { PMI_RANK: '0', PMI_SIZE: '2', MPI_LOCALNRANKS: '9' },
    { rank: 0, size: 2, here: 2 },
  ],
])('%s', (_, env, expected) => {
  expect(launched(env)).toEqual(expected);
});
