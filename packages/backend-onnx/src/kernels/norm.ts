// Normalisation.

import type { KernelTable } from '../kernel.ts';

export const norm: KernelTable = {
  FusedBatchNorm: {
    inputs: ['x', 'mean', 'variance', 'offset?', 'scale?'],
    infer: ([x]) => x!,
    lower(g, inputs, { attrs, inputs: specs, outputs }) {
      const [x, mean, variance] = inputs;
      const optional = inputs.slice(3);
      const offset = specs[3] === undefined ? undefined : optional.shift()!;
      const scale = specs[4] === undefined ? undefined : optional.shift()!;
      const { model } = g;
      const given = [x!, mean!, variance!, ...(offset ? [offset] : []), ...(scale ? [scale] : [])];
      return g.elementwise(given, outputs[0]!, ([data, m, v, ...rest]) => {
        const beta = offset === undefined ? undefined : rest.shift();
        const gamma = scale === undefined ? undefined : rest.shift();
        const deviation = g.op('Sqrt', [g.op('Add', [v!, model.scalar(Number(attrs['varianceEpsilon']))])]);
        const inverse =
          gamma === undefined ? g.op('Reciprocal', [deviation]) : g.op('Div', [gamma, deviation]);
        const y = g.op('Mul', [g.op('Sub', [data!, m!]), inverse]);
        return beta === undefined ? y : g.op('Add', [y, beta]);
      });
    },
  },
};
