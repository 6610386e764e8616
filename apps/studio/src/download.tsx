import type { Connection } from './connect.ts';
import type { Outcome, Size } from './messages.ts';
import { save } from './save.ts';
import { percent } from './state.ts';

interface Props {
  readonly outcome: Outcome;
  readonly worker: Connection;
  onError(error: unknown): void;
}

const FILES = [
  { format: 'safetensors', about: 'weights for PyTorch and MA-Net' },
  { format: 'onnx', about: 'a graph for ONNX Runtime' },
] as const;

/** What was left, and its files. */
export function Download({ outcome: { before, after, difference, cuts }, worker, onError }: Props) {
  const rows: readonly (readonly [string, (size: Size) => string])[] = [
    ['Parameters', ({ parameters }) => grouped(parameters)],
    ['Bytes', ({ bytes }) => grouped(bytes)],
    ['Multiply-accumulates', ({ macs }) => grouped(macs)],
    ['Accuracy', ({ top1 }) => percent(top1)],
  ];
  return (
    <section aria-label="What is left">
      <h2>What is left</h2>
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">as it trained</th>
            <th scope="col">compacted</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, text]) => (
            <tr>
              <th scope="row">{name}</th>
              <td>{text(before)}</td>
              <td>{text(after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        {cuts.length === 0
          ? 'No channel lost all its readers: the file keeps every width.'
          : `Channels kept: ${cuts.map(({ group, kept, of }) => `${group} ${kept} of ${of}`).join(', ')}.`}{' '}
        On the test digits the two differ by {difference.toExponential(0)} at most in a logit.
      </p>
      <div class="buttons">
        {FILES.map(({ format, about }) => (
          <button
            type="button"
            onClick={() => void worker.file(format).then((bytes) => save(bytes, `digits.${format}`), onError)}
          >
            Download {format}
            <small>{about}</small>
          </button>
        ))}
      </div>
    </section>
  );
}

const grouped = (count: number): string => count.toLocaleString('en').replaceAll(',', '\u202f');
