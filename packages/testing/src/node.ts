export { chromium, swiftshader, tfjsNode, useSwiftShader } from './equipment.ts';
