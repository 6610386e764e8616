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
