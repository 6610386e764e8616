// The network on a canvas. Connections fade towards what they are told to be; those that die or come back are marked for
// a moment. Where motion is not wanted they change at once.

import { livingUnits, type Wiring } from './living.ts';
import type { Strengths } from './messages.ts';

/** Milliseconds in which a connection comes two thirds of its way. */
const FADE = 250;
/** For how long a death or a return shows. */
const MARK = 1200;
/** Strengths are drawn in so many shades, each of them one path. */
const SHADES = 6;
/** Strength under which a connection is not drawn. */
const INVISIBLE = 0.02;

export interface Colours {
  readonly alive: string;
  readonly dying: string;
  readonly reborn: string;
  readonly unit: string;
  readonly text: string;
}

interface Place {
  readonly x: number;
  readonly ys: Float32Array;
}

/** Strengths as they are drawn, on their way to what they are. */
interface Shown {
  readonly current: Float32Array;
  readonly target: Float32Array;
  /** When each of them died (negative) or came back (positive), by the clock of frames; 0 for neither. */
  readonly marked: Float32Array;
}

export class Painter {
  readonly #wiring: Wiring;
  readonly #shown = new Map<string, Shown>();
  #living: readonly Uint8Array[];
  #time = 1;

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
    for (const { param, from, to } of wiring.bundles) {
      const size = wiring.columns[from]!.units * wiring.columns[to]!.units;
      this.#shown.set(param, {
        current: new Float32Array(size).fill(1),
        target: new Float32Array(size).fill(1),
        marked: new Float32Array(size),
      });
    }
    this.#living = livingUnits(wiring, {});
  }

  /** Channels that live, of all, column by column. */
  get counts(): readonly { readonly name: string; readonly alive: number; readonly units: number }[] {
    return this.#wiring.columns.map(({ name, units }, index) => ({
      ...{ name, units },
      alive: this.#living[index]!.reduce((sum, alive) => sum + alive, 0),
    }));
  }

  /** What every connection is from now on; all open again where nothing is known. */
  become(strengths: Strengths | undefined): void {
    for (const [param, { target, marked }] of this.#shown) {
      const next = strengths?.[param];
      for (let i = 0; i < target.length; i++) {
        const value = next === undefined ? 1 : next[i]!;
        const [was, is] = [target[i]! > 0, value > 0];
        if (was !== is) marked[i] = strengths === undefined ? 0 : is ? this.#time : -this.#time;
        target[i] = value;
      }
    }
    this.#living = livingUnits(this.#wiring, strengths ?? {});
  }

  /** Draws the next frame, `elapsed` milliseconds after the one before; whether anything still moves. */
  paint(
    context: CanvasRenderingContext2D,
    size: { readonly width: number; readonly height: number },
    colours: Colours,
    elapsed: number,
  ): boolean {
    this.#time += elapsed;
    const moving = this.#move(1 - Math.exp(-elapsed / FADE));
    context.clearRect(0, 0, size.width, size.height);
    const places = this.#places(size);
    let marks = false;
    for (const { param, from, to } of this.#wiring.bundles) {
      marks = this.#bundle(context, this.#shown.get(param)!, places[from]!, places[to]!, colours) || marks;
    }
    this.#units(context, places, size, colours);
    return moving || marks;
  }

  #move(part: number): boolean {
    let moving = false;
    for (const { current, target } of this.#shown.values()) {
      for (let i = 0; i < current.length; i++) {
        if (current[i] === target[i]) continue;
        const next = current[i]! + part * (target[i]! - current[i]!);
        const arrived = Math.abs(target[i]! - next) < 0.01;
        current[i] = arrived ? target[i]! : next;
        moving ||= !arrived;
      }
    }
    return moving;
  }

  #places({ width, height }: { readonly width: number; readonly height: number }): Place[] {
    const depth = Math.max(...this.#wiring.columns.map((column) => column.depth));
    const margin = { x: 22, top: 12, bottom: 30 };
    return this.#wiring.columns.map((column) => {
      const x = margin.x + ((width - 2 * margin.x) * column.depth) / Math.max(1, depth);
      const room = height - margin.top - margin.bottom;
      // Wide columns take all the room, narrow ones the middle.
      const part = 0.35 + 0.65 * Math.min(1, column.units / 64);
      const gap = (room * (column.units === 1 ? 0 : part)) / Math.max(1, column.units - 1);
      const first = margin.top + (room - gap * (column.units - 1)) / 2;
      return { x, ys: Float32Array.from({ length: column.units }, (_, unit) => first + unit * gap) };
    });
  }

  /** One stroke a shade; whether a mark still shows. */
  #bundle(
    context: CanvasRenderingContext2D,
    { current, marked }: Shown,
    from: Place,
    to: Place,
    colours: Colours,
  ): boolean {
    const posts = to.ys.length;
    const shades = Array.from({ length: SHADES }, () => new Path2D());
    const [dying, reborn] = [new Path2D(), new Path2D()];
    let [drawn, marks] = [0, false];
    for (let i = 0; i < current.length; i++) {
      const since = marked[i] === 0 ? MARK : this.#time - Math.abs(marked[i]!);
      const strength = current[i]!;
      const path =
        since < MARK
          ? marked[i]! < 0
            ? dying
            : reborn
          : strength < INVISIBLE
            ? undefined
            : shades[Math.min(SHADES - 1, Math.floor(strength * SHADES))]!;
      if (path === undefined) continue;
      if (since < MARK) marks = true;
      drawn++;
      path.moveTo(from.x, from.ys[Math.floor(i / posts)]!);
      path.lineTo(to.x, to.ys[i % posts]!);
    }
    // Thousands of lines on each other must not become one black square.
    const room = Math.min(1, Math.abs(to.x - from.x) / 100);
    const density = Math.min(0.6, (5 * room) / Math.sqrt(Math.max(1, current.length)) + 0.02);
    context.lineWidth = drawn > 1500 ? 0.6 : 0.9;
    context.strokeStyle = colours.alive;
    shades.forEach((path, shade) => {
      context.globalAlpha = density * ((shade + 1) / SHADES) ** 1.3;
      context.stroke(path);
    });
    context.globalAlpha = Math.min(0.5, 2 * density);
    context.strokeStyle = colours.dying;
    context.stroke(dying);
    context.strokeStyle = colours.reborn;
    context.stroke(reborn);
    context.globalAlpha = 1;
    return marks;
  }

  #units(
    context: CanvasRenderingContext2D,
    places: readonly Place[],
    { height }: { readonly height: number },
    colours: Colours,
  ): void {
    context.font = '11px system-ui, sans-serif';
    context.textAlign = 'center';
    context.lineWidth = 1;
    context.strokeStyle = colours.dying;
    places.forEach(({ x, ys }, index) => {
      const living = this.#living[index]!;
      const radius = ys.length > 32 ? 1.8 : ys.length > 16 ? 2.4 : 3.2;
      let alive = 0;
      ys.forEach((y, unit) => {
        context.beginPath();
        context.arc(x, y, radius, 0, 2 * Math.PI);
        if (living[unit] === 0) return context.stroke();
        alive++;
        context.fillStyle = colours.unit;
        context.fill();
      });
      context.fillStyle = colours.text;
      context.fillText(alive === ys.length ? String(alive) : `${alive}/${ys.length}`, x, height - 10);
    });
  }
}
