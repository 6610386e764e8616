import { beforeEach, expect, test, vi } from 'vitest';
import { Painter } from './painter.ts';

const wiring = {
  columns: [
    { name: 'in', units: 2, depth: 0 },
    { name: 'out', units: 2, depth: 1 },
  ],
  bundles: [{ param: 'w', from: 0, to: 1 }],
};
const colours = { alive: 'blue', dying: 'red', reborn: 'green', unit: 'navy', text: 'grey' };
const strengths = (...values: number[]) => ({ w: Float32Array.from(values) });

/** As much of a path as is counted. */
class Lines {
  count = 0;
  moveTo(): void {
    this.count++;
  }
  lineTo(): void {}
}

/** Lines of each colour that one frame draws. */
function frame(painter: Painter, elapsed: number): { moving: boolean; lines: Record<string, number> } {
  const lines: Record<string, number> = { blue: 0, red: 0, green: 0 };
  const context = {
    strokeStyle: '',
    stroke(path?: Lines) {
      if (path !== undefined) lines[this.strokeStyle]! += path.count;
    },
    ...{ clearRect() {}, beginPath() {}, arc() {}, fill() {}, fillText() {} },
  };
  const size = { width: 200, height: 100 };
  const moving = painter.paint(context as unknown as CanvasRenderingContext2D, size, colours, elapsed);
  return { moving, lines };
}

beforeEach(() => {
  vi.stubGlobal('Path2D', Lines);
  return () => vi.unstubAllGlobals();
});

test('a connection that dies is marked, and then is gone; one that comes back is marked, and stays', () => {
  const painter = new Painter(wiring);
  expect(frame(painter, 40)).toEqual({ moving: false, lines: { blue: 4, red: 0, green: 0 } });
  painter.become(strengths(1, 0, 1, 1));
  expect(frame(painter, 40)).toEqual({ moving: true, lines: { blue: 3, red: 1, green: 0 } });
  expect(frame(painter, 5000)).toEqual({ moving: false, lines: { blue: 3, red: 0, green: 0 } });
  painter.become(strengths(1, 0.5, 1, 1));
  expect(frame(painter, 40)).toEqual({ moving: true, lines: { blue: 3, red: 0, green: 1 } });
  expect(frame(painter, 5000)).toEqual({ moving: false, lines: { blue: 4, red: 0, green: 0 } });
});

test('connections fade: they are on their way for a while', () => {
  const painter = new Painter(wiring);
  painter.become(strengths(0.3, 0.3, 1, 1));
  expect(frame(painter, 100).moving).toBe(true);
  expect(frame(painter, 1e6).moving).toBe(false);
});

test('it counts the channels that live, and begins anew without strengths', () => {
  const painter = new Painter(wiring);
  painter.become(strengths(0, 0, 0, 0.2));
  expect(painter.counts).toEqual([
    { name: 'in', alive: 1, units: 2 },
    { name: 'out', alive: 2, units: 2 },
  ]);
  painter.become(undefined);
  expect(painter.counts[0]!.alive).toBe(2);
  expect(frame(painter, 1e6).lines).toEqual({ blue: 4, red: 0, green: 0 });
});
