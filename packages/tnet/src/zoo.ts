import { MaNetError, type Network, suggestion } from '@ma-net/core';
import type { TNetOptions } from './options.ts';

const resnet = async (
  name: string,
  options: TNetOptions,
  shape: import('./resnet.ts').ResNetShape,
): Promise<Network> => (await import('./resnet.ts')).resnet(name, shape, options);

const IMAGENET = [224, 224, 3] as const;
const CIFAR = [32, 32, 3] as const;

/** Every task network we ship. Each family has a `-test` variant small enough for unit tests. */
export const zoo = {
  resnet18: (o) =>
    resnet('resnet18', o, {
      block: 'basic',
      depths: [2, 2, 2, 2],
      width: 64,
      stem: 'imagenet',
      inputShape: IMAGENET,
    }),
  resnet34: (o) =>
    resnet('resnet34', o, {
      block: 'basic',
      depths: [3, 4, 6, 3],
      width: 64,
      stem: 'imagenet',
      inputShape: IMAGENET,
    }),
  resnet50: (o) =>
    resnet('resnet50', o, {
      block: 'bottleneck',
      depths: [3, 4, 6, 3],
      width: 64,
      stem: 'imagenet',
      inputShape: IMAGENET,
    }),
  'resnet18-cifar': (o) =>
    resnet('resnet18-cifar', o, {
      block: 'basic',
      depths: [2, 2, 2, 2],
      width: 64,
      stem: 'cifar',
      inputShape: CIFAR,
    }),
  'resnet34-cifar': (o) =>
    resnet('resnet34-cifar', o, {
      block: 'basic',
      depths: [3, 4, 6, 3],
      width: 64,
      stem: 'cifar',
      inputShape: CIFAR,
    }),
  'resnet50-cifar': (o) =>
    resnet('resnet50-cifar', o, {
      block: 'bottleneck',
      depths: [3, 4, 6, 3],
      width: 64,
      stem: 'cifar',
      inputShape: CIFAR,
    }),
  'resnet20-cifar': (o) =>
    resnet('resnet20-cifar', o, {
      block: 'basic',
      depths: [3, 3, 3],
      width: 16,
      stem: 'cifar',
      inputShape: CIFAR,
    }),
  /** One block a stage behind a stem of stride 2: the test bed of the measured defaults. */
  'resnet10-cifar': (o) =>
    resnet('resnet10-cifar', o, {
      block: 'basic',
      depths: [1, 1, 1, 1],
      width: 16,
      stem: 'half',
      inputShape: CIFAR,
    }),
  /** For 8x8 digits: two stages. */
  'resnet8-digits': (o) =>
    resnet('resnet8-digits', o, {
      block: 'basic',
      depths: [1, 1, 1],
      width: 16,
      stem: 'cifar',
      inputShape: [8, 8, 1],
    }),
  'resnet-test': (o) =>
    resnet('resnet-test', o, {
      block: 'basic',
      depths: [1, 1],
      width: 4,
      stem: 'cifar',
      inputShape: [8, 8, 3],
    }),
  'resnet-bottleneck-test': (o) =>
    resnet('resnet-bottleneck-test', o, {
      block: 'bottleneck',
      depths: [1, 1],
      width: 4,
      stem: 'imagenet',
      inputShape: [16, 16, 3],
    }),
} as const satisfies Record<string, (options: TNetOptions) => Promise<Network>>;

export type TNetName = keyof typeof zoo;

/** Names of all task networks. */
export const tnetNames = Object.keys(zoo) as TNetName[];

/** Builds a task network by name; the name may come from a person, so it is checked. */
export async function createTNet(name: string, options: TNetOptions): Promise<Network> {
  if (!Object.hasOwn(zoo, name)) {
    throw new MaNetError('unknown-name', `There is no task network called "${name}".`, {
      hint: suggestion(name, tnetNames),
    });
  }
  return zoo[name as TNetName](options);
}
