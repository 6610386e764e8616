import { MaNetError, type Network, suggestion } from '@ma-net/core';
import type { PlugIns } from './attention/block.ts';
import type { MsdNetOptions } from './msdnet.ts';
import type { HubOptions, ResidualOptions, TransformerOptions } from './options.ts';
import { tryWeights, type WeightReport } from './weights/load.ts';
import { mismatch } from './weights/mismatch.ts';
import { nearestNetwork } from './weights/nearest.ts';
import { readWeights } from './weights/open.ts';
import type { HostTensors } from './weights/rules.ts';

/** What one family or another can be asked for. */
type Options = ResidualOptions & TransformerOptions & MsdNetOptions;

/** Builds the network that the zoo knows as `name`. */
type Builder = (name: string, options: Options) => Promise<Network<'images', 'logits'>>;

const resnet =
  (shape: import('./resnet.ts').ResNetShape): Builder =>
  async (name, options) =>
    (await import('./resnet.ts')).resnet(name, await withPlugIns(name, shape, options), options);

const wideResnet =
  (shape: import('./wide-resnet.ts').WideResNetShape): Builder =>
  async (name, options) =>
    (await import('./wide-resnet.ts')).wideResnet(name, await withPlugIns(name, shape, options), options);

const densenet =
  (shape: import('./densenet.ts').DenseNetShape): Builder =>
  async (name, options) => {
    withoutDrops(name, options);
    return (await import('./densenet.ts')).densenet(
      name,
      shape,
      withoutAttention(name, withoutExits(name, options)),
    );
  };

const vit =
  (shape: import('./vit.ts').ViTShape): Builder =>
  async (name, options) =>
    (await import('./vit.ts')).vit(name, shape, withoutAttention(name, withoutExits(name, options)));

const swin =
  (shape: import('./swin.ts').SwinShape): Builder =>
  async (name, options) =>
    (await import('./swin.ts')).swin(name, shape, withoutAttention(name, withoutExits(name, options)));

const msdnet =
  (shape: import('./msdnet.ts').MsdNetShape): Builder =>
  async (name, options) => {
    withoutDrops(name, options);
    withoutAttention(name, options);
    return (await import('./msdnet.ts')).msdnet(name, shape, options);
  };

/** The shape of a residual network with the attention that was asked for. */
async function withPlugIns<Shape extends PlugIns>(
  name: string,
  shape: Shape,
  options: Options,
): Promise<Shape & PlugIns> {
  withoutDrops(name, options);
  withoutExits(name, options);
  if (options.attention === undefined) return shape;
  const { plugInsOf } = await import('./attention/choice.ts');
  return { ...shape, ...plugInsOf(options.attention) };
}

/** Only transformers drop anything; elsewhere the options would do nothing. */
function withoutDrops(name: string, options: Options): void {
  for (const option of ['dropout', 'dropPath'] as const) {
    if ((options[option] ?? 0) === 0) continue;
    throw new MaNetError(
      'bad-argument',
      `"${name}" has no ${option}, but ${options[option]} was asked for.`,
      {
        hint: 'leave it out, or choose a transformer (vit-..., swin-...).',
      },
    );
  }
}

/** Only networks with exits have them learn from each other. */
function withoutExits(name: string, options: Options): Options {
  if (options.exits === undefined) return options;
  throw new MaNetError('bad-argument', `"${name}" has one exit, and none that could learn from another.`, {
    where: 'exits',
    hint: 'leave it out, or choose a network with exits (msdnet-...).',
  });
}

/** Only residual networks have a place for it. */
function withoutAttention(name: string, options: Options): TransformerOptions {
  if (options.attention === undefined) return options;
  throw new MaNetError(
    'bad-argument',
    `"${name}" has no residual block that "${options.attention.kind}" could be put into.`,
    { where: 'attention', hint: 'leave it out, or choose a residual network (resnet..., wide-resnet...).' },
  );
}

/** Every task network we ship, by name. Each family has a `-test` variant small enough for unit tests. */
export const zoo = {
  resnet18: resnet({ block: 'basic', depths: [2, 2, 2, 2], stem: 'imagenet' }),
  resnet34: resnet({ block: 'basic', depths: [3, 4, 6, 3], stem: 'imagenet' }),
  resnet50: resnet({ block: 'bottleneck', depths: [3, 4, 6, 3], stem: 'imagenet' }),
  resnet101: resnet({ block: 'bottleneck', depths: [3, 4, 23, 3], stem: 'imagenet' }),
  'resnet18-cifar': resnet({ block: 'basic', depths: [2, 2, 2, 2], stem: 'cifar' }),
  'resnet34-cifar': resnet({ block: 'basic', depths: [3, 4, 6, 3], stem: 'cifar' }),
  'resnet50-cifar': resnet({ block: 'bottleneck', depths: [3, 4, 6, 3], stem: 'cifar' }),
  'resnet101-cifar': resnet({ block: 'bottleneck', depths: [3, 4, 23, 3], stem: 'cifar' }),
  'resnet20-cifar': resnet({ block: 'basic', depths: [3, 3, 3], width: 16, stem: 'cifar' }),
  /** One block a stage behind a stem of stride 2: the test bed of the measured defaults. */
  'resnet10-cifar': resnet({ block: 'basic', depths: [1, 1, 1, 1], width: 16, stem: 'half' }),
  /** For 8x8 digits. */
  'resnet8-digits': resnet({
    block: 'basic',
    depths: [1, 1, 1],
    width: 16,
    stem: 'cifar',
    inputShape: [8, 8, 1],
  }),
  'resnet-test': resnet({
    block: 'basic',
    depths: [1, 1],
    width: 4,
    stem: 'cifar',
    inputShape: [8, 8, 3],
  }),
  'resnet-bottleneck-test': resnet({
    block: 'bottleneck',
    depths: [1, 1],
    width: 4,
    stem: 'imagenet',
    inputShape: [16, 16, 3],
  }),

  'wide-resnet50-2': resnet({ block: 'bottleneck', depths: [3, 4, 6, 3], widen: 2, stem: 'imagenet' }),
  'wide-resnet50-2-cifar': resnet({ block: 'bottleneck', depths: [3, 4, 6, 3], widen: 2, stem: 'cifar' }),
  'wide-resnet28-10-cifar': wideResnet({ blocks: 4, widen: 10 }),
  'wide-resnet-test': wideResnet({ blocks: 1, widen: 2, width: 2, inputShape: [8, 8, 3] }),

  densenet121: densenet({ layersPerBlock: [6, 12, 24, 16], growth: 32, blockWidths: [64], stem: 'imagenet' }),
  densenet169: densenet({ layersPerBlock: [6, 12, 32, 32], growth: 32, blockWidths: [64], stem: 'imagenet' }),
  densenet201: densenet({ layersPerBlock: [6, 12, 48, 32], growth: 32, blockWidths: [64], stem: 'imagenet' }),
  densenet161: densenet({ layersPerBlock: [6, 12, 36, 24], growth: 48, blockWidths: [96], stem: 'imagenet' }),
  'densenet121-cifar': densenet({
    layersPerBlock: [6, 12, 24, 16],
    growth: 32,
    blockWidths: [64],
    stem: 'cifar',
  }),
  'densenet-bc100-12-cifar': densenet({
    layersPerBlock: [16, 16, 16],
    growth: 12,
    blockWidths: [24],
    stem: 'bare',
  }),
  /** Three small blocks behind a stem of stride 2, for short trainings. */
  'densenet-bc28-8-cifar': densenet({
    layersPerBlock: [4, 4, 4],
    growth: 8,
    blockWidths: [16],
    stem: 'half',
  }),
  'densenet-bc190-40-cifar': densenet({
    layersPerBlock: [31, 31, 31],
    growth: 40,
    blockWidths: [80],
    stem: 'bare',
  }),
  'densenet-bc250-24-cifar': densenet({
    layersPerBlock: [41, 41, 41],
    growth: 24,
    blockWidths: [48],
    stem: 'bare',
  }),
  // Our reading of the paper's Table 10: four blocks whose inputs follow the printed pattern, and the growth
  // that brings the original pattern closest to the 25.60 M parameters of its Table 7.
  'densenet-tiny-cifar': densenet(pattern([64, 128, 128, 256])),
  'densenet-orgn-cifar': densenet(pattern([64, 128, 256, 512])),
  'densenet-large-cifar': densenet(pattern([64, 256, 256, 512])),
  'densenet-test': densenet({
    layersPerBlock: [2, 2],
    growth: 4,
    blockWidths: [8],
    stem: 'bare',
    inputShape: [8, 8, 3],
  }),
  'densenet-imagenet-test': densenet({
    layersPerBlock: [2, 1],
    growth: 4,
    blockWidths: [8],
    stem: 'imagenet',
    inputShape: [16, 16, 3],
  }),

  'msdnet-cifar': msdnet(smallMsd(10)),
  'msdnet-cifar-budget': msdnet(smallMsd(6)),
  'msdnet-imagenet-4': msdnet(largeMsd(4)),
  'msdnet-imagenet-5': msdnet(largeMsd(5)),
  'msdnet-imagenet-6': msdnet(largeMsd(6)),
  'msdnet-imagenet-7': msdnet(largeMsd(7)),
  /** For 8x8 digits. */
  'msdnet-digits': msdnet({
    blocks: 3,
    base: 1,
    step: 1,
    channels: 8,
    growth: 8,
    factors: [1, 2],
    bottlenecks: [1, 2],
    stem: 'cifar',
    exitWidth: 32,
    inputShape: [8, 8, 1],
  }),
  'msdnet-test': msdnet({
    blocks: 2,
    base: 1,
    step: 1,
    channels: 4,
    growth: 4,
    factors: [1, 2],
    bottlenecks: [1, 2],
    stem: 'cifar',
    exitWidth: 8,
    inputShape: [8, 8, 3],
  }),

  'vit-ti16': vit({ patch: 16, width: 192, depth: 12 }),
  'vit-s16': vit({ patch: 16, width: 384, depth: 12 }),
  'vit-b16': vit({ patch: 16, width: 768, depth: 12 }),
  'vit-ti16-384': vit({ patch: 16, width: 192, depth: 12, inputShape: [384, 384, 3] }),
  'vit-s16-384': vit({ patch: 16, width: 384, depth: 12, inputShape: [384, 384, 3] }),
  'vit-b16-384': vit({ patch: 16, width: 768, depth: 12, inputShape: [384, 384, 3] }),
  'vit-ti4-cifar': vit({ patch: 4, width: 192, depth: 12, inputShape: [32, 32, 3] }),
  /** A small one for short trainings. */
  'vit-64-8-cifar': vit({
    patch: 8,
    width: 64,
    depth: 4,
    headDim: 16,
    init: 'by-width',
    inputShape: [32, 32, 3],
  }),
  /** For 8x8 digits. */
  'vit-digits': vit({ patch: 2, width: 64, depth: 4, headDim: 16, init: 'by-width', inputShape: [8, 8, 1] }),
  'vit-test': vit({ patch: 4, width: 8, depth: 2, headDim: 4, inputShape: [8, 8, 3] }),

  'swin-t': swin({ width: 96, depths: [2, 2, 6, 2], window: 7 }),
  'swin-s': swin({ width: 96, depths: [2, 2, 18, 2], window: 7 }),
  'swin-b': swin({ width: 128, depths: [2, 2, 18, 2], window: 7 }),
  'swin-t-384': swin({ width: 96, depths: [2, 2, 6, 2], window: 12, inputShape: [384, 384, 3] }),
  'swin-s-384': swin({ width: 96, depths: [2, 2, 18, 2], window: 12, inputShape: [384, 384, 3] }),
  'swin-b-384': swin({ width: 128, depths: [2, 2, 18, 2], window: 12, inputShape: [384, 384, 3] }),
  'swin-cifar': swin({ width: 96, depths: [2, 6, 2], window: 4, patch: 2, inputShape: [32, 32, 3] }),
  'swin-test': swin({
    width: 8,
    depths: [2, 2],
    window: 2,
    patch: 2,
    headDim: 4,
    inputShape: [8, 8, 3],
  }),
} as const satisfies Record<string, Builder>;

function pattern(blockWidths: readonly [number, ...number[]]): import('./densenet.ts').DenseNetShape {
  return { layersPerBlock: [6, 12, 24, 16], growth: 70, blockWidths, stem: 'cifar' };
}

/** As on CIFAR in the papers: any-time with 10 blocks, budgeted with 6. */
function smallMsd(blocks: number): import('./msdnet.ts').MsdNetShape {
  const scales = { factors: [1, 2, 4], bottlenecks: [1, 2, 4] };
  return { blocks, base: 4, step: 2, channels: 16, growth: 6, ...scales, stem: 'cifar', exitWidth: 128 };
}

/** As on ImageNet in the papers, with so many layers in each of five blocks. */
function largeMsd(layers: number): import('./msdnet.ts').MsdNetShape {
  const scales = { factors: [1, 2, 4, 4], bottlenecks: [1, 2, 4, 4] };
  return { blocks: 5, base: layers, step: layers, channels: 32, growth: 16, ...scales, stem: 'imagenet' };
}

export type TNetName = keyof typeof zoo;

/** Names of all task networks. */
export const tnetNames = Object.keys(zoo) as TNetName[];

export interface CreateOptions extends TransformerOptions, ResidualOptions, MsdNetOptions {
  /**
   * What `init` starts from: a safetensors file with torchvision's or timm's names, by its path in Node and by its
   * address in a browser; `hub` for the published weights of this network, `hub:owner/name` for others; or tensors
   * in memory. A classifier for another number of classes starts afresh.
   */
  readonly weights?: string | HostTensors;
  /** Progress, access and cache of what the hub or an address sends. */
  readonly hub?: HubOptions;
  /** Receives a report of what was loaded from `weights`. */
  readonly onWeights?: (report: WeightReport) => void;
}

/**
 * Builds a task network by name; the name may come from a person, so it is checked. Throws `unknown-name`,
 * `bad-argument`, and of `weights` `not-found`, `bad-file`, or `network-mismatch` with every difference when they
 * belong to another architecture.
 */
export async function createTNet(name: string, options: CreateOptions): Promise<Network<'images', 'logits'>> {
  if (!Object.hasOwn(zoo, name)) {
    throw new MaNetError('unknown-name', `There is no task network called "${name}".`, {
      hint: suggestion(name, tnetNames, '`tnetNames` of @ma-net/tnet, or "manet networks".'),
    });
  }
  const { weights, hub, onWeights, ...architecture } = options;
  const { numClasses } = architecture;
  if (!Number.isInteger(numClasses) || numClasses < 1) {
    throw new MaNetError('bad-argument', `A network cannot tell ${numClasses} classes apart.`, {
      hint: 'pass numClasses as a whole number, 1 or more.',
    });
  }
  const network = await zoo[name as TNetName](name, architecture);
  if (weights === undefined) return network;
  const { tensors, where, verified } =
    typeof weights === 'string'
      ? await readWeights(name, weights, hub)
      : { tensors: weights, where: 'weights in memory', verified: false };
  const started = tryWeights(network, tensors, where, { verified });
  if ('differences' in started) {
    const others = tnetNames.filter((other) => other !== name && !other.endsWith('-test'));
    const guess = await nearestNetwork(tensors, others, (other) =>
      zoo[other as TNetName](other, { numClasses }),
    );
    throw mismatch(network, started, where, guess);
  }
  onWeights?.(started.report);
  return started.network;
}
