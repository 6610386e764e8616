import { MaNetError } from './errors.ts';
import { excerpt } from './excerpt.ts';
import { printable } from './printable.ts';
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

/**
 * Throws `network-mismatch` with names and types unless all tensors hold floating-point numbers: a quantised kernel needs
 * scales that we do not know.
 */
export function assertFloats(tensors: Readonly<Record<string, HostTensor>>, where: string): void {
  const wrong = Object.entries(tensors).filter(([, { dtype }]) => dtype !== 'float32');
  if (wrong.length === 0) return;
  const list = wrong
    .slice(0, 5)
    .map(([name, { stored }]) => `    ${printable(name, 100)}: ${stored ?? 'I32'}`);
  if (wrong.length > list.length) list.push(`    ... and ${wrong.length - list.length} more`);
  throw new MaNetError(
    'network-mismatch',
    `Weights are floating-point numbers; ${wrong.length} of these tensors hold whole numbers. Nothing was loaded.\n${list.join('\n')}`,
    { where, hint: 'save the network before it is quantised, or in F32, F16 or BF16.' },
  );
}
