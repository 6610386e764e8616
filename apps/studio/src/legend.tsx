interface Props {
  /** Class of each key, and what it stands for. */
  readonly keys: readonly (readonly [look: string, meaning: string])[];
}

/** What the colours of a drawing mean. */
export function Legend({ keys }: Props) {
  return (
    <p class="legend">
      {keys.map(([look, meaning]) => (
        <>
          <span>
            <span class={look} /> {meaning}
          </span>{' '}
        </>
      ))}
    </p>
  );
}
