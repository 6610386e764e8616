export { cpu } from './adapter.ts';
