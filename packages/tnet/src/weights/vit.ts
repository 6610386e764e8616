// Weight files of vision transformers: torchvision's and timm's.

import type { Format } from './rules.ts';

const layer = 'encoder.layers.encoder_layer_*';
const qkv = (end: string): string[] =>
  ['q', 'k', 'v'].map((part) => `${layer}.self_attention.${part}.${end}`);

export const vit = {
  torchvision: {
    renamed: [],
    fused: [
      [qkv('weight'), `${layer}.self_attention.in_proj_weight`],
      [qkv('bias'), `${layer}.self_attention.in_proj_bias`],
    ],
    ignored: [],
    older: [
      [`${layer}.mlp.0.**`, `${layer}.mlp.linear_1.**`],
      [`${layer}.mlp.3.**`, `${layer}.mlp.linear_2.**`],
    ],
  },
  timm: {
    renamed: [
      ['class_token', 'cls_token'],
      ['encoder.pos_embedding', 'pos_embed'],
      ['conv_proj.**', 'patch_embed.proj.**'],
      [`${layer}.ln_1.**`, 'blocks.*.norm1.**'],
      [`${layer}.self_attention.out_proj.**`, 'blocks.*.attn.proj.**'],
      [`${layer}.ln_2.**`, 'blocks.*.norm2.**'],
      [`${layer}.mlp.0.**`, 'blocks.*.mlp.fc1.**'],
      [`${layer}.mlp.3.**`, 'blocks.*.mlp.fc2.**'],
      ['encoder.ln.**', 'norm.**'],
      ['heads.head.**', 'head.**'],
    ],
    fused: [
      [qkv('weight'), 'blocks.*.attn.qkv.weight'],
      [qkv('bias'), 'blocks.*.attn.qkv.bias'],
    ],
    // A layer of 21k classes before the head, which timm leaves out too.
    ignored: ['pre_logits.fc.weight', 'pre_logits.fc.bias'],
  },
} as const satisfies Record<string, Format>;
