// Weights trained on ImageNet-1k that their authors and libraries publish on the Hugging Face hub.

import { MaNetError } from '@ma-net/core';
import type { TNetName } from '../zoo.ts';

/** Where the weights of a network lie, and how its images were normalised in training. */
export interface PublishedWeights {
  /** Owner and name of the repository on the hub. */
  readonly repo: string;
  /** Per channel: red, green, blue, of values between 0 and 1. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

const imagenet = (repo: string): PublishedWeights => ({
  repo,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
});

/** Vision transformers of "How to train your ViT?" (Steiner et al. 2021) see values between -1 and 1. */
const augreg = (repo: string): PublishedWeights => ({ repo, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });

/** By the name of the network in the zoo. */
export const published: Readonly<Partial<Record<TNetName, PublishedWeights>>> = {
  resnet18: imagenet('timm/resnet18.tv_in1k'),
  resnet34: imagenet('timm/resnet34.tv_in1k'),
  resnet50: imagenet('timm/resnet50.tv_in1k'),
  resnet101: imagenet('timm/resnet101.tv_in1k'),
  'wide-resnet50-2': imagenet('timm/wide_resnet50_2.tv_in1k'),
  densenet121: imagenet('timm/densenet121.tv_in1k'),
  densenet161: imagenet('timm/densenet161.tv_in1k'),
  densenet169: imagenet('timm/densenet169.tv_in1k'),
  densenet201: imagenet('timm/densenet201.tv_in1k'),
  'vit-ti16': augreg('timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k'),
  'vit-s16': augreg('timm/vit_small_patch16_224.augreg_in1k'),
  'vit-b16': augreg('timm/vit_base_patch16_224.augreg_in1k'),
  'vit-ti16-384': augreg('timm/vit_tiny_patch16_384.augreg_in21k_ft_in1k'),
  'vit-s16-384': augreg('timm/vit_small_patch16_384.augreg_in1k'),
  'vit-b16-384': augreg('timm/vit_base_patch16_384.augreg_in1k'),
  'swin-t': imagenet('timm/swin_tiny_patch4_window7_224.ms_in1k'),
  'swin-s': imagenet('timm/swin_small_patch4_window7_224.ms_in1k'),
  'swin-b': imagenet('timm/swin_base_patch4_window7_224.ms_in1k'),
  'swin-b-384': imagenet('timm/swin_base_patch4_window12_384.ms_in1k'),
};

/** The repository that `weights` speaks of: `hub` the published one of network `name`, `hub:owner/name`; else undefined. */
export function repoOf(name: string, weights: string): string | undefined {
  if (weights.startsWith('hub:')) return weights.slice('hub:'.length);
  if (weights !== 'hub') return undefined;
  const known = published[name as TNetName];
  if (known !== undefined) return known.repo;
  throw new MaNetError('not-found', `Nobody has published weights of "${name}" that we know of.`, {
    hint: `pass a file, or "hub:owner/name". Published: ${Object.keys(published).join(', ')}.`,
  });
}
