export { type Launched, launched } from './launched.ts';
export { type MpiRanks, openRanks } from './ranks.ts';
