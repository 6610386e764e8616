// As much of vitest as the conformance suite uses, for a page: it collects what is declared and runs it.

export interface Outcome {
  readonly name: string;
  readonly state: 'passed' | 'skipped' | 'failed';
  readonly message?: string;
}

type Body = () => unknown;

const groups: Promise<unknown>[] = [];
const setups: Body[] = [];
const declared: { readonly name: string; readonly body: Body | undefined }[] = [];

export function describe(_: string, _options: unknown, body: Body): void {
  groups.push(Promise.resolve().then(body));
}

export function beforeAll(body: Body): void {
  setups.push(body);
}

export function test(name: string, body: Body): void {
  declared.push({ name, body });
}
test.skip = (name: string): void => void declared.push({ name, body: undefined });

/** Runs everything in the order of its declaration. */
export async function runDeclared(): Promise<Outcome[]> {
  await Promise.all(groups);
  for (const setup of setups) await setup();
  const outcomes: Outcome[] = [];
  for (const { name, body } of declared) {
    try {
      await body?.();
      outcomes.push({ name, state: body === undefined ? 'skipped' : 'passed' });
    } catch (error) {
      outcomes.push({
        name,
        state: 'failed',
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return outcomes;
}

/** Compares by value; what the suite does not use does not exist, and fails. */
export function expect(found: unknown) {
  const check = (ok: boolean, expected: unknown): void => {
    if (!ok) fail(`found ${show(found)}, expected ${show(expected)}`);
  };
  return {
    toBe: (expected: unknown) => check(Object.is(found, expected), expected),
    toEqual: (expected: unknown) => check(show(found) === show(expected), expected),
    toBeCloseTo: (expected: number, digits = 2) =>
      check(Math.abs((found as number) - expected) < 10 ** -digits / 2, expected),
  };
}
expect.fail = fail;
expect.extend = (): void => {};

function fail(message: string): never {
  throw new Error(message);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
