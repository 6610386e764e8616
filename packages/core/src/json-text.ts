// JSON from files that people write: in the encodings of their editors, with the place of a mistake, and with names
// that are only names.

import { type ErrorCode, MaNetError } from './errors.ts';
import { excerpt } from './excerpt.ts';

export interface JsonOptions {
  /** Names the file in errors. */
  readonly where: string;
  /** What it should be, as the subject of a sentence: `The recipe`. */
  readonly what: string;
  /** `bad-file` unless given. */
  readonly code?: ErrorCode;
  readonly hint: string;
}

/** Longer texts are no settings that somebody wrote. */
const LONGEST = 64 * 2 ** 20;

/**
 * The value that a text says. UTF-8 and UTF-16 are read, with or without a byte order mark, as shells and editors of
 * Windows write them. A key that occurs twice, or is called `__proto__`, is refused. Throws `bad-file`, or the given
 * code, with line, column and an excerpt.
 */
export function parseJson(content: Uint8Array | string, options: JsonOptions): unknown {
  const { what, where, hint, code = 'bad-file' } = options;
  const fail = (message: string): never => {
    throw new MaNetError(code, `${what} ${message}`, { where, hint });
  };
  if (content.length > LONGEST) fail(`has ${content.length} bytes; more than ${LONGEST} are not read.`);
  const text = typeof content === 'string' ? content.replace(/^\ufeff/, '') : decode(content, fail);
  const mistake = mistakeIn(text);
  if (mistake === undefined) return JSON.parse(text);
  return fail(`${mistake.why} ${place(text, mistake.at)}`);
}

function decode(bytes: Uint8Array, fail: (message: string) => never): string {
  const [a, b] = bytes;
  // Every JSON text begins with an ASCII character, so a zero beside it gives UTF-16 away.
  const encoding =
    (a === 0xff && b === 0xfe) || (a !== 0 && b === 0)
      ? 'utf-16le'
      : (a === 0xfe && b === 0xff) || (a === 0 && b !== 0)
        ? 'utf-16be'
        : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return fail('is no text in UTF-8 or UTF-16.');
  }
}

function place(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const start = Math.max(before.lastIndexOf('\n') + 1, at - 20);
  const rest = text
    .slice(start, at + 20)
    .split('\n')[0]!
    .trim();
  return `(line ${line}, column ${column}${rest === '' ? '' : `: ${excerpt(rest)}`})`;
}

interface Mistake {
  readonly at: number;
  readonly why: string;
}

const TOKEN = /[{}[\],:]|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'nothing';

/** Where a text stops being JSON, or says a name in a way that is not wanted; a stack of its own, so that no nesting is too deep. */
function mistakeIn(text: string): Mistake | undefined {
  const open: (Set<string> | undefined)[] = []; // names so far of an object; undefined for a list
  let expected: Expected = 'value';
  let at = 0;
  const ended = (): Expected => (open.length === 0 ? 'nothing' : ', or end');
  for (;;) {
    at = endOf(SPACE, text, at)!;
    if (at === text.length) {
      if (expected === 'nothing') return undefined;
      return { at, why: at === 0 ? 'is empty.' : 'is not JSON: it ends too early' };
    }
    const start = at;
    const wrong = (): Mistake => ({ at: start, why: 'is not JSON: this is not expected' });
    if (text[at] === '"') {
      const end = endOfString(text, at);
      if (typeof end === 'object') return end;
      at = end;
      if (expected === 'key' || expected === 'key or }') {
        const key = JSON.parse(text.slice(start, end)) as string;
        const names = open.at(-1)!;
        if (key === '__proto__')
          return { at: start, why: 'holds the key "__proto__", which no field is called' };
        if (names.has(key)) return { at: start, why: `holds the key ${excerpt(key)} twice` };
        names.add(key);
        expected = ':';
      } else if (expected === 'value' || expected === 'value or ]') expected = ended();
      else return wrong();
      continue;
    }
    const end = endOf(TOKEN, text, at);
    if (end === undefined) return wrong();
    const token = text.slice(at, end);
    at = end;
    const isValue = expected === 'value' || expected === 'value or ]';
    if (token === '{' && isValue) {
      open.push(new Set());
      expected = 'key or }';
    } else if (token === '[' && isValue) {
      open.push(undefined);
      expected = 'value or ]';
    } else if (token === ':' && expected === ':') expected = 'value';
    else if (token === ',' && expected === ', or end') expected = open.at(-1) === undefined ? 'value' : 'key';
    else if (
      (token === '}' && open.at(-1) !== undefined && (expected === 'key or }' || expected === ', or end')) ||
      (token === ']' &&
        open.length > 0 &&
        open.at(-1) === undefined &&
        (expected === 'value or ]' || expected === ', or end'))
    ) {
      open.pop();
      expected = ended();
    } else if (isValue && /^[-\dtfn]/.test(token)) expected = ended();
    else return wrong();
  }
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** The index after a string; or what is wrong in it. */
function endOfString(text: string, start: number): number | Mistake {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at + 1;
    if (text[at] === '\\') {
      const end = endOf(ESCAPE, text, at);
      if (end === undefined)
        return { at, why: 'is not JSON: there is no such escape in strings; write \\\\ for \\' };
      at = end - 1;
    } else if (text.charCodeAt(at) < 0x20)
      return { at: start, why: 'is not JSON: a string does not end in its line' };
  }
  return { at: start, why: 'is not JSON: a string does not end' };
}
