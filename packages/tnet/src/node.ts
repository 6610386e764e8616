export { downloadWeights, type HubFile } from './weights/hub.ts';
