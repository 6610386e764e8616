export { downloadWeights, type HubFile, type HubOptions } from './weights/hub.ts';
export { type LoadOptions, loadTNet } from './weights/load-tnet.ts';
