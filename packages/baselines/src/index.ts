export { magnitude, type MagnitudeOptions } from './magnitude.ts';
export { plain } from './plain.ts';
export { slim, type SlimOptions } from './slim.ts';
