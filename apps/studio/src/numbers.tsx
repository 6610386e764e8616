import type { Device } from './messages.ts';
import { percent, PHASES, sentence, type State } from './state.ts';

interface Props {
  readonly state: State;
  readonly device: Device | undefined;
}

/** The numbers of a training as they change, and a sentence that is read out. */
export function Numbers({ state, device }: Props) {
  const { step, budget, round, loss, top1, kept, connections, died, revived, secondsPerStep } = state;
  const unknown = '–';
  return (
    <section aria-label="Numbers">
      <p class="sentence" aria-live="polite">
        {sentence(state)}
      </p>
      <dl class="numbers">
        <Item name="Accuracy" value={top1 === undefined ? unknown : percent(top1)} look="strong" />
        <Item
          name="Connections alive"
          value={connections === 0 ? unknown : percent(kept / connections)}
          look="strong"
        />
        <Item name="Died" value={String(died)} />
        <Item name="Came back" value={String(revived)} />
        <Item name="Mini-batch" value={budget === 0 ? unknown : `${step} of ${budget}`} />
        <Item name="Loss" value={loss === undefined ? unknown : loss.toFixed(3)} />
        <Item
          name="Time of one"
          value={secondsPerStep === undefined ? unknown : `${(1000 * secondsPerStep).toFixed(0)} ms`}
        />
        <Item name="Now" look="long" value={(state.phase === 'running' && PHASES[round ?? '']) || unknown} />
        <Item name="Computes on" look="long" value={device === undefined ? unknown : describe(device)} />
      </dl>
      {state.warnings.map((warning) => (
        <p class="warning">{warning}</p>
      ))}
    </section>
  );
}

function Item({ name, value, look }: { name: string; value: string; look?: 'strong' | 'long' }) {
  return (
    <div class={look}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const describe = ({ backend, device, threads }: Device): string =>
  backend === 'onnx'
    ? `${device}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
    : `${backend}: ${device}`;
