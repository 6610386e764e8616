import type { Schedule } from '@ma-net/core';

/**
 * The learning rate of mini-batch `b` of `budget`. During a linear warm-up of `warmup` mini-batches it rises
 * from base / warmup; the schedule behind it then covers the rest.
 */
export function learningRateAt(schedule: Schedule, base: number, b: number, budget: number): number {
  const warmup = schedule.warmup ?? 0;
  if (b < warmup) return (base * (b + 1)) / warmup;
  const part = (b - warmup) / Math.max(1, budget - warmup);
  switch (schedule.name) {
    case 'constant':
      return base;
    case 'cosine': {
      const lowest = schedule.lowest ?? 0;
      return lowest + (base - lowest) * 0.5 * (1 + Math.cos(Math.PI * part));
    }
    case 'steps':
      return base * schedule.factor ** schedule.at.filter((at) => part >= at).length;
  }
}
