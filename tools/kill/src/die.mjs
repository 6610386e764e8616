// Loaded into the command (node --import): it dies inside the n-th thing that it does to a file.
// MA_NET_DIE is `<n> <phase>`, the phase being before, half or after.

import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [at, phase] = (process.env.MA_NET_DIE ?? '').split(' ');
let done = 0;

/** Whether this is the one. */
const isIt = () => ++done === Number(at);
const die = () => process.kill(process.pid, 'SIGKILL');

const { appendFileSync } = fs;
fs.appendFileSync = (path, text, ...rest) => {
  if (!isIt()) return appendFileSync(path, text, ...rest);
  if (phase !== 'before')
    appendFileSync(path, phase === 'half' ? text.slice(0, text.length / 2) : text, ...rest);
  return die();
};
for (const name of ['rmSync']) {
  const real = fs[name];
  fs[name] = (...given) => {
    const it = isIt();
    if (it && phase === 'before') die();
    real(...given);
    if (it) die();
  };
}
for (const name of ['rename', 'link', 'copyFile', 'mkdir']) {
  const real = promises[name];
  promises[name] = async (...given) => {
    const it = isIt();
    if (it && phase === 'before') die();
    const result = await real(...given);
    if (it) die();
    return result;
  };
}
const { open } = promises;
promises.open = async (path, flags, ...rest) => {
  const file = await open(path, flags, ...rest);
  if (flags !== 'wx') return file;
  for (const name of ['writeFile', 'sync']) {
    const real = file[name].bind(file);
    file[name] = async (...given) => {
      const it = isIt();
      if (it && phase === 'before') die();
      if (it && phase === 'half' && name === 'writeFile') given[0] = given[0].slice(0, given[0].length / 2);
      await real(...given);
      if (it) die();
    };
  }
  return file;
};
syncBuiltinESMExports();
