// A number that is none ends a run before it is kept.

import { MaNetError, type Round } from '@ma-net/core';

/** What to do once the numbers are lost. */
const HINT = 'lower the learning rate, add a warm-up or clip the gradient, then start again or resume.';

/** Throws `non-finite` unless loss and gradient norms of a mini-batch are numbers. */
export function refuseNonFinite(
  { loss, norms }: { readonly loss: number; readonly norms: Readonly<Record<string, number>> },
  { b, round, saved }: { readonly b: number; readonly round: Round; readonly saved: number | undefined },
): void {
  const broken = Object.entries(norms).find(([, norm]) => !Number.isFinite(norm));
  if (Number.isFinite(loss) && broken === undefined) return;
  const found = Number.isFinite(loss)
    ? `The norm of the gradient of ${broken![0]} became ${broken![1]}`
    : `The loss became ${loss}`;
  throw new MaNetError('non-finite', `${found}; expected a finite number. Its update was not made.`, {
    where: `mini-batch ${b + 1}, round ${round.index} (${round.kind})`,
    hint: `${kept(saved)}; ${HINT}`,
  });
}

/** Throws `non-finite` unless all measures of an evaluation are numbers. */
export function refuseNonFiniteMeasures(
  measures: Readonly<Record<string, number>>,
  { step, saved }: { readonly step: number; readonly saved: number | undefined },
): void {
  const broken = Object.entries(measures).find(([, value]) => !Number.isFinite(value));
  if (broken === undefined) return;
  throw new MaNetError(
    'non-finite',
    `The measure "${broken[0]}" is ${broken[1]}; expected a finite number.`,
    {
      where: `the evaluation after mini-batch ${step}`,
      hint: `${kept(saved)}; ${HINT}`,
    },
  );
}

function kept(saved: number | undefined): string {
  return saved === undefined ? 'nothing was saved yet' : `the checkpoint of mini-batch ${saved} is whole`;
}
