export { dataFacts, type OpenRun, openRun, runOf } from './open.ts';
