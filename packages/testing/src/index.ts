import './matchers.ts';

export { type Comparable, DEFAULT_TOLERANCE, difference, type Numbers, numbersOf } from './closeness.ts';
export { conformance, conformanceTests, describeOn, type Skip } from './conformance.ts';
export { expectNoLeak } from './leaks.ts';
export { countGpuWork, type GpuWork, workBetween } from './gpu-work.ts';
export { notHere } from './not-here.ts';
export { on, onReference, REFERENCE } from './reference.ts';
export { ranksOf } from './ranks-of.ts';
