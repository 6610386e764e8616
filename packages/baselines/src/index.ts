export { magnitude, type MagnitudeOptions } from './magnitude.ts';
export { plain } from './plain.ts';
