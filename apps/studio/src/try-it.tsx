import type { RankedClass } from '@ma-net/task-classification';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Connection } from './connect.ts';
import { type Drawing, digitOf } from './drawn-digit.ts';
import { Pad } from './pad.tsx';
import { Ranking } from './ranking.tsx';

interface Props {
  readonly worker: Connection;
  onError(error: unknown): void;
}

const TEST_DIGITS = 500;
const SHOWN = 3;

/** The pruned network, on a digit that is drawn, or on one that it never saw. */
export function TryIt({ worker, onError }: Props) {
  const [pixels, setPixels] = useState<Float32Array>();
  const [classes, setClasses] = useState<readonly RankedClass[]>([]);
  const [truth, setTruth] = useState<number>();
  const index = useRef(0);

  async function ask(digit: Float32Array | undefined, label?: number): Promise<void> {
    setPixels(digit);
    setTruth(label);
    try {
      setClasses(digit === undefined ? [] : (await worker.classify(digit)).slice(0, SHOWN));
    } catch (error) {
      onError(error);
    }
  }

  async function takeTestDigit(): Promise<void> {
    try {
      const digit = await worker.digit(index.current++ % TEST_DIGITS);
      await ask(digit.pixels, digit.label);
    } catch (error) {
      onError(error);
    }
  }

  const best = classes[0];
  const answer =
    best === undefined
      ? 'Draw a digit: the network says what it is.'
      : `The pruned network says ${best.name}, with ${(100 * best.probability).toFixed(0)} %.` +
        (truth === undefined ? '' : ` Its writer meant ${truth}.`);
  return (
    <section aria-label="Try it">
      <h2>Try the pruned network</h2>
      <div class="try">
        <Pad onDrawing={(drawing: Drawing) => void ask(digitOf(drawing))} />
        <div class="seen">
          <Thumbnail pixels={pixels} />
          <button type="button" onClick={() => void takeTestDigit()}>
            Take a test digit
          </button>
        </div>
        <div class="answer">
          <p aria-live="polite">{answer}</p>
          <Ranking classes={classes} />
        </div>
      </div>
    </section>
  );
}

/** What the network sees: 8 x 8 pixels. */
function Thumbnail({ pixels }: { readonly pixels: Float32Array | undefined }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    const image = context.createImageData(8, 8);
    for (let i = 0; i < 64; i++) image.data.set([0, 0, 0, 255 * (pixels?.[i] ?? 0)], 4 * i);
    context.putImageData(image, 0, 0);
  }, [pixels]);
  return (
    <canvas
      ref={canvas}
      class="thumbnail"
      width={8}
      height={8}
      role="img"
      aria-label="What the network sees: the digit in 8 x 8 pixels"
    />
  );
}
