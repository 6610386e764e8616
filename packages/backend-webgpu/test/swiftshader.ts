// Points Dawn at SwiftShader, the software renderer that comes with Chromium, unless a Vulkan driver was chosen:
// tests give the same numbers with and without a GPU. Import it before anything asks for an adapter.

import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const MANIFEST = 'vk_swiftshader_icd.json';
const folders = [
  process.env['MA_NET_CHROMIUM'] === undefined ? '' : dirname(process.env['MA_NET_CHROMIUM']),
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/usr/lib64/chromium-browser',
  '/opt/google/chrome',
];

/** The manifest of SwiftShader's Vulkan driver; undefined on machines without Chromium. */
export const swiftshader = folders.map((folder) => join(folder, MANIFEST)).find((path) => existsSync(path));

if (swiftshader !== undefined) process.env['VK_ICD_FILENAMES'] ??= swiftshader;
// Drivers complain on the console about machines without one.
process.env['XDG_RUNTIME_DIR'] ??= mkdtempSync(join(tmpdir(), 'ma-net-xdg-'));
