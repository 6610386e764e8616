// Weight files of Swin transformers: torchvision's, timm's, and those of the authors.

import { relativePositions } from '@ma-net/core';
import type { Format, HostTensors } from './rules.ts';

const TABLE = 'relative_position_bias_table';
const INDEX = 'relative_position_index';
const STAGES = [0, 1, 2, 3];
const ignored = [`.${INDEX}`, '.attn_mask'];

/** timm merges patches at the start of a stage, the authors at the end of the one before it. */
function blocks(mergesOf: (stage: number) => number, head: string): Format {
  const stage = (s: number): string => `features.${2 * s + 1}.*`;
  const theirs = (s: number): string => `layers.${s}.blocks.*`;
  const qkv = (s: number, end: string): string[] =>
    ['q', 'k', 'v'].map((p) => `${stage(s)}.attn.${p}.${end}`);
  return {
    renamed: [
      ['features.0.0.**', 'patch_embed.proj.**'],
      ['features.0.2.**', 'patch_embed.norm.**'],
      ...STAGES.flatMap((s): [string, string][] => [
        [`${stage(s)}.mlp.0.**`, `${theirs(s)}.mlp.fc1.**`],
        [`${stage(s)}.mlp.3.**`, `${theirs(s)}.mlp.fc2.**`],
        [`${stage(s)}.norm1.**`, `${theirs(s)}.norm1.**`],
        [`${stage(s)}.norm2.**`, `${theirs(s)}.norm2.**`],
        [`${stage(s)}.attn.**`, `${theirs(s)}.attn.**`],
      ]),
      ...STAGES.slice(1).map((s): [string, string] => [
        `features.${2 * s}.**`,
        `layers.${mergesOf(s)}.downsample.**`,
      ]),
      ['head.**', head],
    ],
    fused: STAGES.flatMap((s) =>
      ['weight', 'bias'].map((end): [string[], string] => [qkv(s, end), `${theirs(s)}.attn.qkv.${end}`]),
    ),
    ignored,
  };
}

export const swin = {
  torchvision: {
    renamed: [],
    fused: ['weight', 'bias'].map((end): [string[], string] => [
      ['q', 'k', 'v'].map((part) => `features.*.*.attn.${part}.${end}`),
      `features.*.*.attn.qkv.${end}`,
    ]),
    ignored,
    derived: indices,
  },
  timm: blocks((stage) => stage, 'head.fc.**'),
  microsoft: blocks((stage) => stage - 1, 'head.**'),
} as const satisfies Record<string, Format>;

/** torchvision stores beside each table which of its rows each pair of positions reads. */
function indices(theirs: HostTensors): HostTensors {
  return Object.fromEntries(
    Object.entries(theirs)
      .filter(([name]) => name.endsWith(`.${TABLE}`))
      .map(([name, { shape }]) => {
        const data = relativePositions((Math.sqrt(shape[0]!) + 1) / 2);
        return [name.replace(TABLE, INDEX), { shape: [data.length], dtype: 'int32', data }];
      }),
  );
}
