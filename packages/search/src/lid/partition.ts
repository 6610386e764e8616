// Which operations of an edge are alike, and which edge to divide by it. He et al. 2023 (arXiv:2211.12759), section 3.3.

import { eigen } from '../hot/process.ts';

/** How alike operations are, 1 being the same: [operations, operations]. */
export type Similarity = readonly (readonly number[])[];

/** Two groups of operations, by their places; neither is empty. */
export type Groups = readonly [readonly number[], readonly number[]];

export type Likeness = 'cosine' | 'correlation';
export type Partition = 'spectral' | 'mincut';

/** Added where norms could be 0. */
const EPSILON = 1e-6;

/** How alike profiles [operations, layers] are; those that are the same at every layer correlate with none. */
export function similarities(profiles: readonly (readonly number[])[], likeness: Likeness): number[][] {
  const mean = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0) / row.length;
  const rows =
    likeness === 'cosine' ? profiles : profiles.map((row) => row.map((value) => value - mean(row)));
  const added = likeness === 'cosine' ? EPSILON : 0;
  return rows.map((a) =>
    rows.map((b) => {
      const norms = Math.sqrt(dot(a, a) * dot(b, b)) + added;
      return norms === 0 ? 0 : dot(a, b) / norms;
    }),
  );
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Operations in two groups that are alike within. */
export function divided(similarity: Similarity, partition: Partition): Groups {
  return partition === 'mincut' ? pairAndOthers(similarity) : bySpectrum(similarity);
}

/** A pair and the others, the pair that has most similarity within both; of equals the first. */
function pairAndOthers(similarity: Similarity): Groups {
  const all = similarity.map((_, i) => i);
  const candidates = all.flatMap((i) =>
    all.slice(i + 1).map((j): Groups => [[i, j], all.filter((k) => k !== i && k !== j)]),
  );
  return candidates.reduce((best, one) => (within(similarity, one) > within(similarity, best) ? one : best));
}

/**
 * By the sign of the second eigenvector of the normalised Laplacian of similarity + 1 (Shi & Malik 2000), the group of
 * operation 0 first. Where all have one sign, the operation that is least like the others stands alone.
 */
function bySpectrum(similarity: Similarity): Groups {
  const all = similarity.map((_, i) => i);
  const v = fiedler(similarity);
  const first = all.filter((i) => v[i]! >= 0 === v[0]! >= 0);
  if (first.length < all.length) return [first, all.filter((i) => !first.includes(i))];
  const alone = all.reduce((least, i) => (sumOf(similarity[i]!) < sumOf(similarity[least]!) ? i : least), 0);
  const others = all.filter((i) => i !== alone);
  return alone === 0 ? [[0], others] : [others, [alone]];
}

/** The second eigenvector of the normalised Laplacian, divided by the square root of the degrees. */
export function fiedler(similarity: Similarity): number[] {
  const weights = similarity.map((row, i) => row.map((value, j) => (i === j ? 0 : value + 1)));
  const degrees = weights.map((row) => Math.max(EPSILON, sumOf(row)));
  const laplacian = weights.map((row, i) =>
    row.map((w, j) => Number(i === j) - w / Math.sqrt(degrees[i]! * degrees[j]!)),
  );
  const { values, vectors } = eigen(laplacian);
  const second = values.map((_, k) => k).toSorted((a, b) => values[a]! - values[b]!)[1]!;
  return vectors.map((row, i) => row[second]! / Math.sqrt(degrees[i]!));
}

const sumOf = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0);

/** Similarity between members of each group, every pair once. */
export function within(similarity: Similarity, groups: Groups): number {
  const pairs = (group: readonly number[]): number =>
    group.reduce((sum, i, at) => sum + group.slice(at + 1).reduce((s, j) => s + similarity[i]![j]!, 0), 0);
  return pairs(groups[0]) + pairs(groups[1]);
}

/** Mean similarity of pairs with a member in each group. */
export function across(similarity: Similarity, [a, b]: Groups): number {
  const sum = a.reduce((total, i) => total + b.reduce((s, j) => s + similarity[i]![j]!, 0), 0);
  return sum / (a.length * b.length);
}

/**
 * The edge to divide: the one whose groups are least alike; of equals the first. The authors' program takes the one with the
 * most similarity across, which is right for distances and the wrong way round for similarities.
 */
export function edgeToDivide(
  edges: readonly { readonly similarity: Similarity; readonly groups: Groups }[],
): number {
  const scores = edges.map(({ similarity, groups }) => across(similarity, groups));
  return scores.reduce((best, score, e) => (score < scores[best]! ? e : best), 0);
}
