// Numbers as people read them. A ratio always stands beside what it is a ratio of.

import type { Summary } from '@ma-net/metrics';

/** 77 850. */
export function count(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** 0.9342 is 93.42 %. */
export function percent(part: number, digits = 2): string {
  return `${(100 * part).toFixed(digits)} %`;
}

/** Mean and standard deviation of parts, in per cent; nothing of what was not measured. */
export function spread(summary: Summary | undefined): string {
  if (summary === undefined) return '';
  const { mean, sd } = summary;
  return `${(100 * mean).toFixed(2)}${sd === undefined ? '' : ` +- ${(100 * sd).toFixed(2)}`}`;
}

/** A measure of a task: a loss as a number, all others as parts of a whole. */
export function measured(name: string, value: number): string {
  return name === 'loss' ? value.toFixed(4) : percent(value);
}

/** A count and how it compares with what it was: 39 000 (-49.9 %), or 38 999 (1 fewer) where a percentage says nothing. */
export function changed(now: number, before: number): string {
  if (now === before) return count(now);
  const change = ((100 * (now - before)) / before).toFixed(1);
  if (Number(change) !== 0) return `${count(now)} (${now > before ? '+' : ''}${change} %)`;
  return `${count(now)} (${count(Math.abs(now - before))} ${now > before ? 'more' : 'fewer'})`;
}

/** 8.3 s, 3 min 05 s, 2 h 04 min. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** Time left, narrow enough for a column: 0:42, 12:05, 2:04:00. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
