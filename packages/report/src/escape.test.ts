import { expect, test } from 'vitest';
import { escaped, printable } from './escape.ts';

test('markup is text', () => {
  expect(escaped(`<a href="x" title='y'>&</a>`)).toBe(
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;&lt;/a&gt;',
  );
});

test('what no document may hold is marked', () => {
  expect(printable('a\u0000b\u001bc\ud800d\uffffe\u0085\n\t')).toBe('a�b�c�d�e�\n\t');
  expect(printable('Füße 😀')).toBe('Füße 😀');
});
