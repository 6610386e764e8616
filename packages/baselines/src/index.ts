export { magnitude } from './magnitude.ts';
export {
  type MagnitudeChoices,
  type MagnitudeOptions,
  magnitudeOptions,
  type SlimOptions,
  slimOptions,
} from './options.ts';
export { plain } from './plain.ts';
export { slim } from './slim.ts';
