import { describe, expect, test } from 'vitest';
import { genotypeJson, genotypeText, operationsOf, parseGenotype, published } from './genotype.ts';

const arch = '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|';

describe('a genotype is read as its authors write it', () => {
  test('by name, as text of Python, and as JSON', () => {
    const { DARTS_V2 } = published;
    const text = genotypeText(DARTS_V2);
    expect(text).toMatch(
      /^Genotype\(normal=\[\('sep_conv_3x3', 0\), .*\], normal_concat=range\(2, 6\), reduce=/,
    );
    expect(parseGenotype('DARTS_V2')).toEqual(DARTS_V2);
    expect(parseGenotype(text)).toEqual(DARTS_V2);
    expect(parseGenotype(text.replaceAll('range(2, 6)', '[2, 3, 4, 5]'))).toEqual(DARTS_V2);
    expect(parseGenotype(genotypeJson(DARTS_V2))).toEqual(DARTS_V2);
    expect(parseGenotype(JSON.parse(JSON.stringify(genotypeJson(DARTS_V2))), 'darts')).toEqual(DARTS_V2);
  });

  test('as the text of NAS-Bench-201', () => {
    const genotype = parseGenotype(arch, 'nas-bench-201');
    expect(genotype).toEqual({
      space: 'nas-bench-201',
      cell: ['nor_conv_3x3', 'none', 'skip_connect', 'avg_pool_3x3', 'nor_conv_1x1', 'none'],
    });
    expect(genotypeText(genotype)).toBe(arch);
    expect(genotypeJson(genotype)).toBe(arch);
    expect(operationsOf['nas-bench-201']).toHaveLength(5);
  });
});

describe('what is no genotype of the space is refused', () => {
  const swap = (from: string, to: string): string => genotypeText(published.DARTS_V1).replace(from, to);
  test.each<[string, unknown, 'darts' | 'nas-bench-201', string]>([
    ['another space', arch, 'darts', 'network-mismatch'],
    ['another space, by name', 'DARTS_V1', 'nas-bench-201', 'network-mismatch'],
    ['an operation of another space', swap('sep_conv_3x3', 'nor_conv_3x3'), 'darts', 'network-mismatch'],
    ['an operation that nobody knows', swap('sep_conv_3x3', 'sep_conv_4x4'), 'darts', 'unknown-name'],
    ['a name that nobody published', 'DARTS_V3', 'darts', 'unknown-name'],
    [
      'a node that is not there yet',
      swap("('sep_conv_3x3', 1)", "('sep_conv_3x3', 2)"),
      'darts',
      'bad-argument',
    ],
    ['too few operations', swap("('sep_conv_3x3', 1), ", ''), 'darts', 'bad-argument'],
    ['other ends', swap('range(2, 6)', 'range(3, 6)'), 'darts', 'bad-argument'],
    ['no genotype', 'os.system("x")', 'darts', 'bad-argument'],
    ['a number', 3, 'darts', 'bad-argument'],
    ['nothing', undefined, 'darts', 'bad-argument'],
    ['half a cell', '|nor_conv_3x3~0|+|none~0|', 'nas-bench-201', 'bad-argument'],
    [
      'nodes in another order',
      arch.replace('none~0|skip_connect~1', 'none~1|skip_connect~0'),
      'nas-bench-201',
      'bad-argument',
    ],
  ])('%s', (_, value, space, code) => {
    expect(() => parseGenotype(value, space, 'here')).toThrow(
      expect.objectContaining({ code, where: 'here', hint: expect.any(String) as string }),
    );
  });
});
