// Runs a traced program on shapes and writes down what it sees: parameters, statistics, connections, costs, and the
// coupling groups, found by following every channel from the kernels that write it to the kernels that read it.

import { Ledger, type Shapes } from './ledger.ts';
import type { Network } from './network.ts';
import { described, type InputShapes, replay, shapedInputs, type Trace } from './trace.ts';
import { groupsOf } from './spaces.ts';

export type Description = Pick<
  Network,
  'parameters' | 'statistics' | 'kernels' | 'groups' | 'activationMacs'
>;

/** Describes a trace of `inputs`; `shapes` overrides the widths that the program asks for. */
export function describe(trace: Trace, inputs: InputShapes, shapes: Shapes = {}): Description {
  const ledger = new Ledger(shapes);
  const outputs = replay(trace, Object.values(shapedInputs(inputs)), (call, of) =>
    described(ledger, call, of),
  );
  for (const [name, value] of Object.entries(outputs)) ledger.pin(value, { kind: 'output', name });
  const { parameters, statistics, kernels, activationMacs } = ledger;
  return { parameters, statistics, kernels, groups: groupsOf(ledger.spaces), activationMacs };
}
