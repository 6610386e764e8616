// Which query answers for which object (Carion et al. 2020, section 3.1): the assignment of least cost. On the host.

import { assignRows, cornersOf, boxGiou } from '@ma-net/detection';

/** How classes are told apart. */
export type Classification =
  /** One of K classes or none: the last logit of K + 1 is for no object, and weighs `noObject` in the loss. */
  | { readonly kind: 'softmax'; readonly noObject: number }
  /** A logit for each of K classes, under the focal loss (Lin et al. 2017, equation 5). */
  | { readonly kind: 'focal'; readonly alpha: number; readonly gamma: number };

/** Weights of what is compared: classes, sides of boxes, and their overlap. */
export interface SetWeights {
  readonly class: number;
  readonly l1: number;
  readonly giou: number;
}

/** What is predicted of one image, row-major. */
export interface SetPrediction {
  /** [Q, K] or [Q, K + 1]. */
  readonly logits: ArrayLike<number>;
  /** [Q, 4], middle x, middle y, width, height, as parts of the image. */
  readonly boxes: ArrayLike<number>;
}

/** What is in one image. */
export interface SetObjects {
  /** [N], from 0. */
  readonly labels: ArrayLike<number>;
  /** [N, 4], as those of a prediction. */
  readonly boxes: ArrayLike<number>;
}

/**
 * The query of each object [N], so that the costs add up to the least; -1 where there are more objects than queries and
 * an object is left over. Throws `non-finite` for predictions that are not numbers.
 */
export function matchSet(
  { logits, boxes }: SetPrediction,
  objects: SetObjects,
  { costs, classification }: { readonly costs: SetWeights; readonly classification: Classification },
): Int32Array<ArrayBuffer> {
  const [queries, count] = [boxes.length / 4, objects.labels.length];
  const [found, there] = [cornersOf(boxes), cornersOf(objects.boxes)];
  const overlaps = boxGiou(there, found);
  const classCost = classCosts(logits, logits.length / queries, classification);
  const byQuery = count > queries;
  const costsOf = new Float64Array(count * queries);
  for (let n = 0; n < count; n++) {
    for (let q = 0; q < queries; q++) {
      let l1 = 0;
      for (let side = 0; side < 4; side++)
        l1 += Math.abs(boxes[4 * q + side]! - objects.boxes[4 * n + side]!);
      const cost =
        costs.class * classCost(q, objects.labels[n]!) +
        costs.l1 * l1 -
        costs.giou * overlaps[n * queries + q]!;
      costsOf[byQuery ? q * count + n : n * queries + q] = cost;
    }
  }
  if (!byQuery) return assignRows(costsOf, count, queries);
  const queryOf = new Int32Array(count).fill(-1);
  assignRows(costsOf, queries, count).forEach((n, q) => (queryOf[n] = q));
  return queryOf;
}

/** What it costs to take query `q` for class `k`. */
function classCosts(
  logits: ArrayLike<number>,
  width: number,
  classification: Classification,
): (q: number, k: number) => number {
  if (classification.kind === 'softmax') {
    const total = Array.from({ length: logits.length / width }, (_, q) =>
      logSumExp(logits, q * width, width),
    );
    return (q, k) => -Math.exp(logits[q * width + k]! - total[q]!);
  }
  const { alpha, gamma } = classification;
  return (q, k) => {
    const logit = logits[q * width + k]!;
    const p = 1 / (1 + Math.exp(-logit));
    return alpha * (1 - p) ** gamma * softplus(-logit) - (1 - alpha) * p ** gamma * softplus(logit);
  };
}

function logSumExp(values: ArrayLike<number>, from: number, count: number): number {
  let most = -Infinity;
  for (let i = from; i < from + count; i++) most = Math.max(most, values[i]!);
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += Math.exp(values[i]! - most);
  return most + Math.log(sum);
}

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
