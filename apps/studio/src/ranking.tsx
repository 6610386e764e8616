import type { RankedClass } from '@ma-net/task-classification';

/** Classes with how sure a network is of each, as bars. */
export function Ranking({ classes }: { readonly classes: readonly RankedClass[] }) {
  return (
    <ol class="ranking">
      {classes.map(({ name, probability }) => (
        <li>
          <span class="name">{name}</span>
          <span class="bar" aria-hidden="true">
            <span style={{ width: `${100 * probability}%` }} />
          </span>
          <span class="share">{(100 * probability).toFixed(1)} %</span>
        </li>
      ))}
    </ol>
  );
}
