export { createRunDirectory, type MetricLine, openRunDirectory, type RunDirectory } from './run-directory.ts';
