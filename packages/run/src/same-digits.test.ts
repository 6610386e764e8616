import { expect, test } from 'vitest';
import { sameAs, whyDigitsDiffer } from './same-digits.ts';

const computing = { runtime: '1.30.0', threads: 2, instructions: 'avx2' };
const facts = { backend: 'onnx', computing };
const running = (name: string, changes: object) => ({ name, facts: () => ({ ...computing, ...changes }) });

test('a run is resumed on its backend, with as many threads as it had', () => {
  expect(sameAs(facts, { backend: 'auto' })).toEqual({ backend: 'onnx', threads: 2 });
  expect(sameAs(facts, { backend: 'onnx' })).toEqual({ backend: 'onnx', threads: 2 });
  expect(sameAs(facts, { backend: 'auto', threads: 1 })).toEqual({ backend: 'onnx', threads: 1 });
  expect(sameAs(facts, { backend: 'cpu' })).toEqual({ backend: 'cpu' });
  expect(sameAs({ backend: 'cpu', computing: {} }, { backend: 'auto' })).toEqual({ backend: 'cpu' });
  expect(sameAs({}, { backend: 'auto' })).toEqual({ backend: 'auto' });
});

test('the session before counts, not the first', () => {
  const later = { ...facts, resumed: [{ backend: 'onnx', computing: { ...computing, threads: 8 } }] };
  expect(sameAs(later, { backend: 'auto' })).toEqual({ backend: 'onnx', threads: 8 });
});

test('what changed is said, and nothing where nothing did', () => {
  expect(whyDigitsDiffer(facts, running('onnx', {}))).toBeUndefined();
  expect(whyDigitsDiffer(facts, running('onnx', { threads: 1 }))).toBe(
    'last digits may differ from here on: threads 2, now 1',
  );
  const other = { name: 'cpu', facts: () => ({}) };
  expect(whyDigitsDiffer(facts, other)).toContain('backend onnx, now cpu; runtime 1.30.0, now none');
  // A run of before this was recorded.
  expect(whyDigitsDiffer({ backend: 'onnx' }, running('onnx', {}))).toBeUndefined();
});
