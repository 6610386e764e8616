export { astrocyteGates, type Gated, type GatingOptions } from './astrocyte-unet.ts';
export { astroNet } from './astronet.ts';
export { auxiliary } from './auxiliary.ts';
export { type Branched, branched } from './branches.ts';
export { cds } from './cds.ts';
export { exits } from './exits.ts';
export { magnitude } from './magnitude.ts';
export {
  type AstroNetChoices,
  type AstroNetOptions,
  astroNetOptions,
  type AuxiliaryChoices,
  type AuxiliaryOptions,
  auxiliaryOptions,
  type CdsChoices,
  type CdsOptions,
  cdsOptions,
  type MagnitudeChoices,
  type MagnitudeOptions,
  magnitudeOptions,
  type PlainOptions,
  plainOptions,
  type RandomChoices,
  type RandomOptions,
  randomOptions,
  type SlimOptions,
  slimOptions,
  type UnstructuredChoices,
  type UnstructuredOptions,
  unstructuredOptions,
} from './options.ts';
export { plain } from './plain.ts';
export { random } from './random.ts';
export { slim } from './slim.ts';
export { type ContrastOptions, supervisedContrast } from './supervised-contrast.ts';
export { unstructured } from './unstructured.ts';
