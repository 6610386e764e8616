/**
 * Lines of a table: the first column to the left, the others to the right, two spaces apart. Where `width` is not
 * enough for them, each row is a block of its own, a value a line.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width = Infinity,
): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`;
  const lines = [line(head).trimEnd(), ...rows.map((row) => line(row).trimEnd())];
  return lines.every(({ length }) => length <= width) ? lines : rows.flatMap((row) => block(head, row));
}

/** One row under its own title; empty cells are left out. */
function block(head: readonly string[], [title = '', ...cells]: readonly string[]): string[] {
  const names = head.slice(1);
  const width = Math.max(...names.map(({ length }) => length));
  const values = cells.flatMap((cell, i) => (cell === '' ? [] : [`    ${names[i]!.padEnd(width)}  ${cell}`]));
  return [`  ${head[0] === '' ? '' : `${head[0]} `}${title}`, ...values];
}
