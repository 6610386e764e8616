import { MaNetError, suggestion } from '@ma-net/core';
import { cifar10DenseNet, cifar10Resnet10, cifar10Resnet18, cifar10Resnet20, cifar10Vit } from './cifar10.ts';
import {
  cifar100Exits,
  cifar10AstroNet,
  cifar10Cds,
  cifar10Lottery,
  imagenetExits,
  imagenetPooling,
  imagenetRgse,
  imagenetSe,
  imagenetSpse,
} from './compared.ts';
import { cocoDetrR50, cocoDynamicDetrR50, scenesDetr } from './detr.ts';
import { digits, digitsVit } from './digits.ts';
import {
  imagenetResnet18,
  imagenetResnet50,
  imagenetSwinB,
  imagenetVitB16,
  photosResnet18,
} from './imagenet.ts';
import { cocoBoxInst, cocoCondInst, scenesBoxInst, scenesCondInst } from './instances.ts';
import {
  methodsAstroNet,
  methodsCds,
  methodsDarts,
  methodsDartsPt,
  methodsExits,
  methodsHotnas,
  methodsLottery,
  methodsMaNet,
  methodsMagnitude,
  methodsNasLid,
  methodsPlain,
  methodsPlainViews,
  methodsPooling,
  methodsRandom,
  methodsRgse,
  methodsSe,
  methodsShapley,
  methodsSlim,
  methodsSpse,
  methodsUnstructured,
} from './methods.ts';
import { cocoRcnnR50Fpn, scenesRcnn } from './rcnn.ts';
import { scenesFcos } from './scenes.ts';
import {
  cifar10Darts,
  cifar10DartsPtSearch,
  cifar10DartsSearch,
  cifar10HotnasSearch,
  cifar10NasLidSearch,
  cifar10ShapleySearch,
  digitsDartsPtSearch,
  digitsDartsSearch,
  digitsHotnasSearch,
  digitsNasLidSearch,
  digitsShapleySearch,
} from './search.ts';
import type { Recipe } from '@ma-net/run';

/** Every recipe we ship, by the name that `--recipe` takes. */
export const recipes = {
  digits,
  'digits-vit': digitsVit,
  'cifar10-resnet10': cifar10Resnet10,
  'cifar10-densenet': cifar10DenseNet,
  'cifar10-vit': cifar10Vit,
  'cifar10-resnet20': cifar10Resnet20,
  'cifar10-resnet18': cifar10Resnet18,
  'photos-resnet18': photosResnet18,
  'imagenet-resnet18': imagenetResnet18,
  'imagenet-resnet50': imagenetResnet50,
  'imagenet-vit-b16': imagenetVitB16,
  'imagenet-swin-b': imagenetSwinB,
  'cifar10-resnet18-cds': cifar10Cds,
  'cifar10-resnet18-astronet': cifar10AstroNet,
  'cifar10-resnet18-lottery': cifar10Lottery,
  'imagenet-resnet50-se': imagenetSe,
  'imagenet-resnet50-spse': imagenetSpse,
  'imagenet-resnet50-rgse': imagenetRgse,
  'imagenet-resnet50-pooling': imagenetPooling,
  'cifar100-msdnet-boosted': cifar100Exits,
  'imagenet-msdnet-boosted': imagenetExits,
  'methods-plain': methodsPlain,
  'methods-plain-views': methodsPlainViews,
  'methods-ma-net': methodsMaNet,
  'methods-magnitude': methodsMagnitude,
  'methods-random': methodsRandom,
  'methods-unstructured': methodsUnstructured,
  'methods-lottery': methodsLottery,
  'methods-slim': methodsSlim,
  'methods-astronet': methodsAstroNet,
  'methods-cds': methodsCds,
  'methods-se': methodsSe,
  'methods-spse': methodsSpse,
  'methods-rgse': methodsRgse,
  'methods-pooling': methodsPooling,
  'methods-exits': methodsExits,
  'methods-darts': methodsDarts,
  'methods-darts-pt': methodsDartsPt,
  'methods-shapley-nas': methodsShapley,
  'methods-nas-lid': methodsNasLid,
  'methods-hotnas': methodsHotnas,
  'scenes-condinst': scenesCondInst,
  'scenes-boxinst': scenesBoxInst,
  'coco-condinst-r50-fpn': cocoCondInst,
  'coco-boxinst-r50-fpn': cocoBoxInst,
  'scenes-detr': scenesDetr,
  'coco-detr-r50': cocoDetrR50,
  'coco-dynamic-detr-r50': cocoDynamicDetrR50,
  'scenes-rcnn': scenesRcnn,
  'coco-rcnn-r50-fpn': cocoRcnnR50Fpn,
  'scenes-fcos': scenesFcos,
  'digits-darts-search': digitsDartsSearch,
  'digits-darts-pt-search': digitsDartsPtSearch,
  'digits-shapley-search': digitsShapleySearch,
  'digits-hotnas-search': digitsHotnasSearch,
  'digits-nas-lid-search': digitsNasLidSearch,
  'cifar10-hotnas-search': cifar10HotnasSearch,
  'cifar10-nas-lid-search': cifar10NasLidSearch,
  'cifar10-darts-search': cifar10DartsSearch,
  'cifar10-darts-pt-search': cifar10DartsPtSearch,
  'cifar10-shapley-search': cifar10ShapleySearch,
  'cifar10-darts': cifar10Darts,
} as const satisfies Record<string, () => Recipe>;

export type RecipeName = keyof typeof recipes;

/** The recipe called `name`, which may come from a person, so it is checked. */
export function findRecipe(name: string): Recipe {
  if (!Object.hasOwn(recipes, name)) {
    throw new MaNetError('unknown-name', `There is no recipe called "${name}".`, {
      hint: suggestion(name, Object.keys(recipes)),
    });
  }
  return recipes[name as RecipeName]();
}
