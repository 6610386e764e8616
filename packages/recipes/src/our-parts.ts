import type { AnyPart, Installed } from '@ma-net/core';

const modules: Readonly<Record<string, () => Promise<{ readonly parts: readonly AnyPart[] }>>> = {
  '@ma-net/tnet': () => import('@ma-net/tnet/parts'),
  '@ma-net/data': () => import('@ma-net/data/parts'),
  '@ma-net/data-coco': () => import('@ma-net/data-coco/parts'),
  '@ma-net/task-classification': () => import('@ma-net/task-classification/parts'),
  '@ma-net/task-condinst': () => import('@ma-net/task-condinst/parts'),
  '@ma-net/task-boxinst': () => import('@ma-net/task-boxinst/parts'),
  '@ma-net/task-detr': () => import('@ma-net/task-detr/parts'),
  '@ma-net/task-rcnn': () => import('@ma-net/task-rcnn/parts'),
  '@ma-net/task-fcos': () => import('@ma-net/task-fcos/parts'),
  '@ma-net/method-ma-net': () => import('@ma-net/method-ma-net/parts'),
  '@ma-net/search': () => import('@ma-net/search/parts'),
  '@ma-net/baselines': () => import('@ma-net/baselines/parts'),
};

/** The parts that our own packages offer; `together` with those of an application, a recipe may choose among both. */
export const ourParts: Installed = {
  packages: Object.keys(modules),
  load: (name) => modules[name]!(),
};
