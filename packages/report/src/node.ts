export { type InspectOptions, inspectRun } from './inspect-run.ts';
export { readRun } from './read-run.ts';
export { readRuns } from './report.ts';
export { type Watching, type WatchOptions, watchRun } from './watch.ts';
