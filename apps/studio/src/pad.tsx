import { useEffect, useRef } from 'preact/hooks';
import type { Drawing } from './drawn-digit.ts';

interface Props {
  onDrawing(drawing: Drawing): void;
}

/** Pixels of the paper, and of the pen. */
const SIDE = 192;
const PEN = 15;
/** What an arrow key moves the pen by. */
const STRIDE = 8;

interface Pen {
  x: number;
  y: number;
  down: boolean;
}

/** Something to draw a digit on, with a mouse, a finger, or the keys. */
export function Pad({ onDrawing }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const cursor = useRef<HTMLSpanElement>(null);
  const pen = useRef<Pen>({ x: SIDE / 2, y: SIDE / 4, down: false });

  const paper = (): CanvasRenderingContext2D =>
    canvas.current!.getContext('2d', { willReadFrequently: true })!;
  const clear = (): void => {
    const context = paper();
    context.fillStyle = 'white';
    context.fillRect(0, 0, SIDE, SIDE);
    tell();
  };
  const tell = (): void => {
    const { data } = paper().getImageData(0, 0, SIDE, SIDE);
    const ink = Float32Array.from({ length: SIDE * SIDE }, (_, i) => 1 - data[4 * i]! / 255);
    onDrawing({ width: SIDE, height: SIDE, ink });
  };
  const lineTo = (x: number, y: number): void => {
    const context = paper();
    Object.assign(context, { lineWidth: PEN, lineCap: 'round', lineJoin: 'round', strokeStyle: 'black' });
    context.beginPath();
    context.moveTo(pen.current.x, pen.current.y);
    context.lineTo(x, y);
    context.stroke();
    Object.assign(pen.current, { x, y });
  };
  const showCursor = (): void => {
    const { x, y, down } = pen.current;
    const style = cursor.current!.style;
    style.left = `${(100 * x) / SIDE}%`;
    style.top = `${(100 * y) / SIDE}%`;
    cursor.current!.classList.toggle('down', down);
  };
  const at = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  };

  useEffect(clear, []);

  function onKeyDown(event: KeyboardEvent): void {
    const { x, y, down } = pen.current;
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [-STRIDE, 0],
      ArrowRight: [STRIDE, 0],
      ArrowUp: [0, -STRIDE],
      ArrowDown: [0, STRIDE],
    };
    const move = moves[event.key];
    if (move !== undefined) {
      const inside = (value: number): number => Math.min(SIDE - PEN, Math.max(PEN, value));
      const [nextX, nextY] = [inside(x + move[0]), inside(y + move[1])];
      if (down) lineTo(nextX, nextY);
      else Object.assign(pen.current, { x: nextX, y: nextY });
      if (down) tell();
    } else if (event.key === ' ') {
      pen.current.down = !down;
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      clear();
    } else return;
    event.preventDefault();
    showCursor();
  }

  return (
    <div class="pad">
      <div class="paper">
        <canvas
          ref={canvas}
          width={SIDE}
          height={SIDE}
          tabIndex={0}
          role="application"
          aria-label="Paper to draw a digit on"
          aria-describedby="pad-keys"
          onKeyDown={onKeyDown}
          onFocus={showCursor}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            const [x, y] = at(event);
            Object.assign(pen.current, { x, y, down: true });
            lineTo(x, y);
          }}
          onPointerMove={(event) => {
            if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
            lineTo(...at(event));
          }}
          onPointerUp={() => {
            pen.current.down = false;
            tell();
          }}
        />
        <span ref={cursor} class="cursor" aria-hidden="true" />
      </div>
      <button type="button" onClick={clear}>
        Clear
      </button>
      <p id="pad-keys" class="hint">
        With keys: arrows move the pen, Space puts it down and lifts it, Delete clears.
      </p>
    </div>
  );
}
