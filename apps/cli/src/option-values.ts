// What the values of options have to be; anything else is a wrong command line.

import { InvalidArgumentError } from 'commander';

/** Any number. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It has to be a number.');
  return value;
}

/** 40% or 0.4. */
export function part(text: string): number {
  return text.endsWith('%') ? number(text.slice(0, -1)) / 100 : number(text);
}

/** 3ms or 3. */
export function milliseconds(text: string): number {
  const value = number(text.replace(/ ?ms$/, ''));
  if (value <= 0) throw new InvalidArgumentError('It has to be above 0.');
  return value;
}

/** 0..4 or 0,1,2. */
export function wholeNumbers(text: string): number[] {
  return text.split(',').flatMap((range) => {
    const [first, last = first] = range.split('..').map(wholeNumber);
    if (range.split('..').length > 2 || last! < first! || last! - first! > 1000)
      throw new InvalidArgumentError('It has to be a range such as 0..4, or a list such as 0,1,2.');
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}

/** One more of an option that may be given again. */
export function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

/** 0, 1, 2. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('It has to be a whole number of at least 0.');
  return value;
}

/** 1, 2, 3. */
export function positive(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError('It has to be a whole number of at least 1.');
  return value;
}

/** A field and the values that it is to take, one or several. */
export interface AxisOrChange {
  readonly path: string;
  readonly values: readonly string[];
}

/** path=value, or path=value,value,...; commas within brackets, braces and quotes belong to a value. */
export function axis(text: string, earlier: readonly AxisOrChange[]): readonly AxisOrChange[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It has to be path=value, or path=value,value,...');
  const values = splitOutside(text.slice(at + 1));
  if (values.length > 1 && values.some((value) => value === ''))
    throw new InvalidArgumentError('A value between two commas is missing.');
  if (new Set(values).size < values.length) throw new InvalidArgumentError('A value is given twice.');
  return [...earlier, { path: text.slice(0, at), values }];
}

function splitOutside(text: string): string[] {
  const values = [''];
  let depth = 0;
  let quoted = false;
  for (const letter of text) {
    if (letter === '"') quoted = !quoted;
    else if (!quoted && '[{'.includes(letter)) depth++;
    else if (!quoted && ']}'.includes(letter)) depth--;
    if (letter === ',' && depth === 0 && !quoted) values.push('');
    else values[values.length - 1] += letter;
  }
  return values;
}

/** Fields of several values, and changes of one. */
export function axesAndChanges(given: readonly AxisOrChange[]): {
  readonly axes: readonly AxisOrChange[];
  readonly changes: readonly string[];
} {
  const [several, one] = [
    given.filter(({ values }) => values.length > 1),
    given.filter(({ values }) => values.length === 1),
  ];
  return { axes: several, changes: one.map(({ path, values }) => `${path}=${values[0]!}`) };
}
