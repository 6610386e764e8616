import { MaNetError } from './errors.ts';
import { excerpt } from './excerpt.ts';
import type { HostTensor } from './params.ts';

/** Throws `non-finite` with the first number that is none, its tensor and its index, and how many more there are. */
export function assertFinite(
  tensors: Readonly<Record<string, HostTensor>>,
  where: string,
  hint: string,
): void {
  const broken = Object.entries(tensors).flatMap(([name, { data }]) => {
    const index = data.findIndex((value) => !Number.isFinite(value));
    return index === -1 ? [] : [{ name, index, value: data[index]! }];
  });
  const [first] = broken;
  if (first === undefined) return;
  const more = broken.length === 1 ? '' : `; ${broken.length - 1} more tensors hold such numbers`;
  throw new MaNetError(
    'non-finite',
    `The tensor ${excerpt(first.name)} holds ${first.value} at index ${first.index}; expected finite numbers${more}.`,
    { where, hint },
  );
}
