import { useState } from 'preact/hooks';
import type { Settings } from './messages.ts';

interface Props {
  readonly running: boolean;
  readonly paused: boolean;
  /** Whether the network is there to be trained. */
  readonly ready: boolean;
  onStart(settings: Settings): void;
  onPause(paused: boolean): void;
  onStop(): void;
}

/** What is asked for, and the buttons. */
export function Controls({ running, paused, ready, onStart, onPause, onStop }: Props) {
  const [seed, setSeed] = useState(0);
  const [remove, setRemove] = useState(50);
  const [unit, setUnit] = useState<Settings['unit']>('channels');
  const [epochs, setEpochs] = useState(15);

  return (
    <form
      class="controls"
      aria-label="Training"
      onSubmit={(event) => {
        event.preventDefault();
        onStart({ seed, remove: remove / 100, unit, epochs });
      }}
    >
      <label class="wide">
        <span>
          Remove <output>{remove} %</output>
        </span>
        <input
          type="range"
          min="10"
          max="80"
          step="5"
          value={remove}
          disabled={running}
          onInput={(event) => setRemove(event.currentTarget.valueAsNumber)}
        />
      </label>
      <label>
        <span>What goes</span>
        <select
          value={unit}
          disabled={running}
          onChange={(event) => setUnit(event.currentTarget.value as Settings['unit'])}
        >
          <option value="channels">whole channels</option>
          <option value="connections">single connections</option>
        </select>
      </label>
      <Whole label="Epochs" min={1} max={100} value={epochs} disabled={running} onValue={setEpochs} />
      <Whole label="Seed" min={0} max={999_999} value={seed} disabled={running} onValue={setSeed} />
      <div class="buttons">
        {!running && (
          <button type="submit" class="main" disabled={!ready}>
            Train
          </button>
        )}
        {running && (
          <button type="button" class="main" aria-pressed={paused} onClick={() => onPause(!paused)}>
            {paused ? 'Go on' : 'Pause'}
          </button>
        )}
        {running && (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        )}
      </div>
    </form>
  );
}

interface WholeProps {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly value: number;
  readonly disabled: boolean;
  onValue(value: number): void;
}

/** A whole number in a range; anything else is refused by the browser before it trains. */
function Whole({ label, onValue, ...input }: WholeProps) {
  return (
    <label>
      <span>{label}</span>
      <input
        type="number"
        step="1"
        required
        inputMode="numeric"
        {...input}
        onInput={(event) => {
          const value = event.currentTarget.valueAsNumber;
          if (Number.isInteger(value)) onValue(value);
        }}
      />
    </label>
  );
}
