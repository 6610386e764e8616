import { maNetOptions } from '@ma-net/method-ma-net';
import { NEURON_LEVEL, pruneRule } from '@ma-net/mnet';
import { z } from 'zod';

/** The options of MA-Net that are about which connections go, and when. */
export const magnitudeOptions = maNetOptions.pick({
  plainRounds: true,
  select: true,
  prune: true,
  ramp: true,
  freeze: true,
  maskEvery: true,
});

export type MagnitudeOptions = Readonly<z.output<typeof magnitudeOptions>>;
/** What may be left out of them. */
export type MagnitudeChoices = Readonly<z.input<typeof magnitudeOptions>>;

export const slimOptions = z.strictObject({
  /** What pruning is compared with: its target for whole units is the size of the slim network. */
  prune: z._default(pruneRule, NEURON_LEVEL),
});

export type SlimOptions = Readonly<z.output<typeof slimOptions>>;

/** Anybody goes, from the first mini-batch on. */
export const randomOptions = maNetOptions.pick({ select: true, prune: true });

export type RandomOptions = Readonly<z.output<typeof randomOptions>>;
/** What may be left out of them. */
export type RandomChoices = Readonly<z.input<typeof randomOptions>>;

export const unstructuredOptions = maNetOptions.pick({ select: true, prune: true }).extend({
  /** Whether weights are compared over all kernels, or within each. */
  scope: z.enum(['global', 'layer']).default('global'),
  /** Part of the weights that are left that goes after each training; all at once unless given. */
  perRound: z.number().gt(0).lt(1).exactOptional(),
  /** With it: the epoch whose weights survivors are set back to; the beginning unless given. */
  rewind: z.number().min(0).exactOptional(),
});

export type UnstructuredOptions = Readonly<z.output<typeof unstructuredOptions>>;
/** What may be left out of them. */
export type UnstructuredChoices = Readonly<z.input<typeof unstructuredOptions>>;

export const plainOptions = z.strictObject({
  /** Views of every image in a mini-batch, each changed otherwise; 1 unless given. */
  views: z.int().min(1).exactOptional(),
});

export type PlainOptions = Readonly<z.input<typeof plainOptions>>;

/** How much a teacher says. */
export const taughtOptions = z.strictObject({
  /** Of the distances to its features, in the sum. */
  weight: z.number().min(0).default(0.1),
  /** What the logits of both are divided by. */
  temperature: z.number().positive().default(3),
});

export const cdsOptions = z.strictObject({
  /** Of the contrastive losses of all levels, in the sum. */
  weight: z.number().min(0).default(0.1),
  /** tau: how much the nearest count. */
  temperature: z.number().positive().default(0.07),
  /** Whether images of one class belong together, or the views of an image alone. */
  labels: z.boolean().default(true),
  /** Maps of the network that branches are attached to, by their names; all that it names unless given. */
  features: z.array(z.string()).exactOptional(),
  /** Who was trained so before, and tells what it sees; nobody unless given. */
  teacher: taughtOptions
    .extend({
      /** A network of the zoo, as `manet networks` lists them. */
      name: z.string(),
      /** `checkpoint.safetensors` of the run that trained it: its branches are needed. Read again when a run goes on. */
      checkpoint: z.string(),
    })
    .exactOptional(),
});

export type CdsOptions = Readonly<z.output<typeof cdsOptions>>;
/** What may be left out of them. */
export type CdsChoices = Readonly<z.input<typeof cdsOptions>>;

/** A second classifier. */
export const auxiliaryOptions = z.strictObject({
  /** Of its loss, in the sum. */
  weight: z.number().min(0).default(0.4),
});

export type AuxiliaryOptions = Readonly<z.output<typeof auxiliaryOptions>>;
/** What may be left out of them. */
export type AuxiliaryChoices = Readonly<z.input<typeof auxiliaryOptions>>;

/** The options of MA-Net that are about rounds and about who goes, and those of the one astrocyte. */
export const astroNetOptions = maNetOptions
  .pick({
    plainRounds: true,
    select: true,
    prune: true,
    ramp: true,
    freeze: true,
    lambda: true,
    astrocyteIterations: true,
    astrocyteLearningRate: true,
    astrocyteMomentum: true,
    clip: true,
  })
  .extend({
    /** Channels of the UNet's first level; the paper's 2.88 million parameters are nearest at 139. */
    width: z.int().min(1).default(139),
    /** T: how often the UNet is asked for gates under its own gates. */
    iterations: z.int().min(1).default(6),
    /** tau: what the sigmoid of a gate is divided by. */
    temperature: z.number().positive().default(1),
    /** Whether the astrocyte is trained on half of the images, and the network on the others. */
    heldOut: z.boolean().default(true),
  });

export type AstroNetOptions = Readonly<z.output<typeof astroNetOptions>>;
/** What may be left out of them. */
export type AstroNetChoices = Readonly<z.input<typeof astroNetOptions>>;
