import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Legend } from './legend.tsx';
import type { Strengths } from './messages.ts';
import { type Colours, Painter } from './painter.ts';
import type { Wiring } from './living.ts';

interface Props {
  readonly wiring: Wiring | undefined;
  readonly strengths: Strengths | undefined;
  /** Decisions so far; the table below the drawing follows them. */
  readonly changes: number;
}

const KEYS = [
  ['key alive', 'connection, the stronger the clearer'],
  ['key dying', 'just died'],
  ['key reborn', 'just came back'],
  ['ring', 'dead channel'],
] as const;

/** Least time between two frames, so that drawing leaves the page most of its time. */
const FRAME = 40;

/** A time after which nothing moves any more. */
const AT_ONCE = 1e6;

/** The network, drawn; and the same as a table. */
export function NetworkView({ wiring, strengths, changes }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useMemo(() => (wiring === undefined ? undefined : new Painter(wiring)), [wiring]);
  const wake = useRef<() => void>(() => undefined);
  const [counts, setCounts] = useState(painter?.counts ?? []);

  useEffect(() => {
    if (painter === undefined || canvas.current === null) return undefined;
    const stage = animate(canvas.current, painter);
    wake.current = stage.wake;
    setCounts(painter.counts);
    return stage.end;
  }, [painter]);

  useEffect(() => {
    painter?.become(strengths);
    wake.current();
    if (painter !== undefined) setCounts(painter.counts);
  }, [painter, strengths, changes]);

  const dead = counts.reduce((sum, { alive, units }) => sum + units - alive, 0);
  return (
    <section aria-label="Network">
      <h2>Network</h2>
      <Legend keys={KEYS} />
      <canvas
        ref={canvas}
        class="network"
        role="img"
        aria-label={`The network from the image on the left to ten digits on the right, ${counts.length} columns of channels. ${dead} channels are dead. The table below lists them.`}
      />
      <details>
        <summary>Channels as a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Channels alive</th>
              <th scope="col">Of</th>
            </tr>
          </thead>
          <tbody>
            {counts.map(({ name, alive, units }) => (
              <tr>
                <th scope="row">{name}</th>
                <td>{alive}</td>
                <td>{units}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

/** Draws on a canvas whenever something moves, or its size or the colours change. */
function animate(canvas: HTMLCanvasElement, painter: Painter) {
  const context = canvas.getContext('2d')!;
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let [request, last, timer] = [0, 0, 0];
  const frame = (now: number): void => {
    request = 0;
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = devicePixelRatio;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const elapsed = still.matches ? AT_ONCE : last === 0 ? FRAME : Math.min(now - last, 250);
    const started = performance.now();
    const moves = painter.paint(context, { width, height }, coloursOf(canvas), elapsed);
    const took = performance.now() - started;
    last = moves ? now : 0;
    // A slow machine draws more seldom.
    if (moves) timer = window.setTimeout(wake, Math.max(FRAME, 3 * took));
  };
  const wake = (): void => {
    clearTimeout(timer);
    if (request === 0) request = requestAnimationFrame(frame);
  };
  const observer = new ResizeObserver(wake);
  observer.observe(canvas);
  dark.addEventListener('change', wake);
  return {
    wake,
    end: () => {
      clearTimeout(timer);
      cancelAnimationFrame(request);
      observer.disconnect();
      dark.removeEventListener('change', wake);
    },
  };
}

function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--paint-${name}`);
  return {
    ...{ alive: colour('alive'), dying: colour('dying'), reborn: colour('reborn') },
    ...{ unit: colour('unit'), text: colour('text') },
  };
}
