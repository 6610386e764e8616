// The Python file that a network's weights belong to.

import type { Network } from '@ma-net/core';
import { beginning } from '../beginning.ts';
import type { Written } from '../format.ts';
import type { NetworkFacts } from '../network-facts.ts';
import { PLAN } from '../packed-plan.ts';
import { helperFunctions } from './helper-functions.ts';
import { torchModel } from './model.ts';
import type { Declaration } from './modules.ts';

const HEADING = '# Written by MA-Net:';

/** The Python file beside weights, for who is about to write one there again. */
export const pytorchModel: Written = { wrote: (path) => beginning(path, 32).includes(HEADING) };

const PUT = { module: 'add_module', parameter: 'register_parameter', buffer: 'register_buffer' } as const;

/** The text of the model, for weights in the file `weights` beside it. Throws what `torchModel` throws. */
export function pytorchText(network: Network, facts: NetworkFacts, weights: string): string {
  const { parts, inputs, lines, outputs, helpers } = torchModel(network);
  const { mean, std, white } = facts.input;
  const put = ({ name, as, code }: Declaration): string =>
    `        put(self, '${name}', '${PUT[as]}', ${code})`;
  const short = Object.entries({ m: 'submodule', p: 'parameter', b: 'buffer' }).filter(([letter]) =>
    lines.some((line) => new RegExp(`\\b${letter}\\('`).test(line)),
  );
  const results = Object.entries(outputs);
  const result =
    results.length === 1
      ? results[0]![1]
      : `{${results.map(([name, variable]) => `${JSON.stringify(name)}: ${variable}`).join(', ')}}`;
  const signatures = network.inputs.map(({ shape }, k) => `${inputs[k]} ${inTorch(shape)}`).join(', ');
  return `\
${HEADING} the PyTorch model of ${JSON.stringify(network.name)}. Needs torch and safetensors.
#
# It takes ${signatures}, where pixels from 0 to WHITE
# are normalised channel by channel: (pixel / WHITE - MEAN) / STD.

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

WEIGHTS = ${JSON.stringify(weights)}
CLASSES = ${JSON.stringify(facts.classNames)}
MEAN = [${mean.join(', ')}]
STD = [${std.join(', ')}]
WHITE = ${white}


def put(model, name, how, what):
    """Puts a module, a parameter or a buffer under a dotted name, the one that its weights have."""
    *path, last = name.split('.')
    for part in path:
        if part not in model._modules:
            model.add_module(part, nn.Module())
        model = model._modules[part]
    getattr(model, how)(last, what)


${helpers.map((name) => `${helperFunctions[name]}\n\n`).join('')}\
class Model(nn.Module):
    def __init__(self):
        super().__init__()
${parts.map(put).join('\n')}

    def forward(self, ${inputs.join(', ')}):
${short.map(([letter, what]) => `        ${letter} = self.get_${what}\n`).join('')}\
${lines.map((line) => `        ${line}\n`).join('')}\
        return ${result}


def load(path=Path(__file__).with_name(WEIGHTS)):
    """The model with its weights, ready to predict."""
    weights = load_file(path)
    weights.pop('${PLAN}', None)  # which connections were removed
    model = Model()
    model.load_state_dict(weights)
    return model.eval()


if __name__ == '__main__':
    model = load()
    with torch.no_grad():
        print(model(${network.inputs.map(({ shape }) => `torch.zeros(${inTorch(shape, '1')})`).join(', ')}))
`;
}

function inTorch(shape: readonly number[], batch = 'batch'): string {
  const sizes = shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape;
  return `[${[batch, ...sizes].join(', ')}]`;
}
