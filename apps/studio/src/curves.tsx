import { Legend } from './legend.tsx';
import type { Point } from './state.ts';

interface Props {
  readonly curve: readonly Point[];
  readonly budget: number;
}

const KEYS = [
  ['key accuracy', 'accuracy on 500 test digits'],
  ['key kept', 'connections alive'],
] as const;

/** Accuracy and living connections by mini-batch, in a picture that takes any width. */
export function Curves({ curve, budget }: Props) {
  const place = (step: number, part: number): string =>
    `${(100 * step) / Math.max(1, budget)} ${100 * (1 - part)}`;
  const top1 = curve.filter((point) => point.top1 !== undefined);
  const kept = curve.filter((point) => point.kept !== undefined);
  const end = curve.at(-1)?.step ?? 0;
  // Connections stay what they are from one decision to the next.
  const parts = [1, ...kept.map((point) => point.kept!)];
  const stairs = kept.flatMap(({ step }, i) => [place(step, parts[i]!), place(step, parts[i + 1]!)]);
  const alive = [place(0, 1), ...stairs, place(end, parts.at(-1)!)];
  return (
    <section aria-label="Curves">
      <h2>Curves</h2>
      <Legend keys={KEYS} />
      <div class="curves">
        <div class="scale" aria-hidden="true">
          <span>100 %</span>
          <span>50 %</span>
          <span>0 %</span>
        </div>
        <svg
          viewBox="0 0 100 100"
          preserveAspectRatio="none"
          role="img"
          aria-label={summary(top1, kept.at(-1))}
        >
          <path class="grid" d="M0 0H100M0 50H100M0 100H100" />
          {kept.length > 0 && <path class="kept" d={`M${alive.join('L')}`} />}
          {top1.length > 0 && (
            <>
              <path
                class="accuracy"
                d={`M${top1.map(({ step, top1: part }) => place(step, part!)).join('L')}`}
              />
              <path
                class="point"
                d={top1.map(({ step, top1: part }) => `M${place(step, part!)}h0`).join('')}
              />
            </>
          )}
        </svg>
        <p class="budget">{budget > 0 ? `${budget} mini-batches` : '\u00a0'}</p>
      </div>
    </section>
  );
}

function summary(top1: readonly Point[], kept: Point | undefined): string {
  if (top1.length === 0) return 'Accuracy and living connections by mini-batch: nothing yet.';
  const last = top1.at(-1)!;
  const alive = kept === undefined ? '' : `, ${Math.round(100 * kept.kept!)} % of the connections alive`;
  return `Accuracy by mini-batch, from ${Math.round(100 * top1[0]!.top1!)} % to ${Math.round(100 * last.top1!)} %${alive}.`;
}
