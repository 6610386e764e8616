import type { CocoNumbers, CocoOptions } from './evaluate.ts';

/** The numbers that there are, as tasks call their measures: `AP` of boxes, `maskAP` of masks. */
export function cocoMeasures(numbers: CocoNumbers, of: CocoOptions['of']): Record<string, number> {
  const prefix = of === 'masks' ? 'mask' : '';
  return Object.fromEntries(
    Object.entries(numbers).flatMap(([name, value]) =>
      value === undefined ? [] : [[prefix + name, value] as const],
    ),
  );
}
