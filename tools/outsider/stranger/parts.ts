// What this project offers to recipes: to its own, and to those of whoever installs it.

import { type Architecture, type Data, definePart, type Method, type TaskOn } from '@ma-net/core';
import { z } from 'zod';
import { type Bars, barsData } from './bars.ts';
import { halve as halving } from './halve.ts';
import { barsNet } from './network.ts';
import { direction as direct } from './task.ts';

const none = z.strictObject({});

export const bars = definePart({
  id: 'stranger#bars',
  kind: 'data',
  about: 'noisy pictures with a bar across, or down',
  schema: none,
  open: async (): Promise<Data<Bars>> => barsData,
});

export const direction = definePart({
  id: 'stranger#direction',
  kind: 'task',
  about: 'which way the bar goes',
  schema: none,
  open: async (): Promise<TaskOn<Bars>> => direct,
});

export const net = definePart({
  id: 'stranger#net',
  kind: 'network',
  about: 'two convolutions and gains',
  schema: none,
  open: async (): Promise<Architecture> => async () => barsNet,
});

export const halve = definePart({
  id: 'stranger#halve',
  kind: 'method',
  about: 'half of the inputs of every kernel go, from a part of the training on',
  schema: z.strictObject({ from: z.number().min(0).max(1).default(0.5) }),
  open: async ({ from }): Promise<Method> => halving(from),
});

export const parts = [bars, direction, net, halve];
