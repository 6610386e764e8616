// What the page and its worker tell each other; all of it plain data.

import type { RankedClass } from '@ma-net/task-classification';
import type { Wiring } from './living.ts';

/** What a training is asked for. */
export interface Settings {
  readonly seed: number;
  /** Part of the parameters that is to go, 0 to 1: of all of them with channels, of the modulated ones with connections. */
  readonly remove: number;
  /** Whether whole channels go, or single connections. */
  readonly unit: 'channels' | 'connections';
  readonly epochs: number;
}

/** How open every connection is, [F x O] of each kernel: 0 is dead. */
export type Strengths = Readonly<Record<string, Float32Array>>;

export type Progress =
  | { readonly type: 'start'; readonly budget: number; readonly warnings: readonly string[] }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly phase: string;
      readonly loss: number;
      readonly seconds: number;
    }
  | {
      readonly type: 'masks';
      readonly step: number;
      readonly kept: number;
      readonly connections: number;
      readonly died: number;
      readonly revived: number;
    }
  | { readonly type: 'strengths'; readonly strengths: Strengths }
  | { readonly type: 'accuracy'; readonly step: number; readonly top1: number };

/** How large a network is as it is stored, and how well it does on the test digits. */
export interface Size {
  readonly parameters: number;
  readonly bytes: number;
  /** Multiply-accumulates for one digit. */
  readonly macs: number;
  readonly top1: number;
}

export interface Outcome {
  readonly before: Size;
  readonly after: Size;
  /** Largest difference of a logit between the masked network and the compacted one, over all test digits. */
  readonly difference: number;
  readonly cuts: readonly { readonly group: string; readonly kept: number; readonly of: number }[];
}

/** What is to compute. */
export interface Wish {
  /** Name of a backend; `auto` for the best. */
  readonly backend: string;
  /** Threads of WebAssembly, where the page may have any; what is best unless given. */
  readonly threads?: number;
}

export interface Device {
  readonly backend: string;
  readonly device: string;
  readonly threads: number;
}

/** A model from a file. */
export interface OpenModel {
  readonly classNames: readonly string[];
  readonly shape: readonly number[];
}

export interface Digit {
  /** 8 x 8, 0 to 1. */
  readonly pixels: Float32Array;
  readonly label: number;
}

/** What the worker does for the page. */
export interface StudioWorker {
  /** The network before anything is trained. */
  wiring(): Promise<Wiring>;
  /** Starts what computes, unless something does already: the backend of that name, or the best for `auto`. */
  start(wish: Wish): Promise<Device>;
  /** Trains, prunes and compacts; undefined where it was stopped. The network is kept for `classify` and `file`. */
  train(
    settings: Settings,
    listen: (progress: Progress) => void | Promise<void>,
  ): Promise<Outcome | undefined>;
  pause(): void;
  resume(): void;
  /** Ends a training after its mini-batch. */
  stop(): void;
  /** What the trained network says of an 8 x 8 digit, likeliest first. */
  classify(pixels: Float32Array): Promise<readonly RankedClass[]>;
  /** The trained network as a file. */
  file(format: 'safetensors' | 'onnx'): Promise<Uint8Array>;
  /** A digit of the test set. */
  digit(index: number): Promise<Digit>;
  open(bytes: Uint8Array): Promise<OpenModel>;
  /** What the opened model says of a photograph. */
  ask(image: Blob): Promise<readonly RankedClass[]>;
}
