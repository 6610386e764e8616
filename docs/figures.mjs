// The figures of "How MA-Net works", drawn from what the packages compute. `node docs/figures.mjs` writes them; a test
// compares.

import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Rng } from '@ma-net/core';
import { competitionAt, defaultMaNet, plainBatches, planRounds, removedAt } from '@ma-net/method-ma-net';
import { masksOf, thresholds } from '@ma-net/mnet';

const COLOURS = {
  plain: '#8a93a0',
  astrocytes: '#d08a1d',
  neurons: '#0b66b0',
  dead: '#c8372d',
  text: '#6b7280',
};

const svg = (width, height, title, body) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${COLOURS.text}">\n` +
  `<title>${title}</title>\n${body.join('\n')}\n</svg>\n`;
const round = (value) => Number(value.toFixed(2));

/** The rounds of a run of 15 epochs, and what grows while they pass. */
export function schedule() {
  const batchesPerEpoch = 20;
  const budget = 15 * batchesPerEpoch;
  const rounds = planRounds({
    budget,
    batchesPerEpoch,
    plainRounds: 5,
    astrocyteIterations: 2,
    alternate: true,
  });
  const ramp = { plain: plainBatches(rounds), budget, ramp: defaultMaNet.ramp };
  const [width, left, top, high] = [640, 46, 34, 150];
  const x = (b) => round(left + ((width - left - 12) * b) / budget);
  const y = (part) => round(top + high * (1 - part));
  const steps = Array.from({ length: budget + 1 }, (_, b) => b);
  const line = (of) => steps.map((b) => `${x(b)},${y(of(b))}`).join(' ');
  const frozen = ramp.plain + defaultMaNet.freeze * (budget - ramp.plain);
  return svg(
    width,
    236,
    'Rounds of a run, the part of the connections that may be gone, and the competition between them',
    [
      ...rounds.map(
        ({ kind, start, length }) =>
          `<rect x="${x(start)}" y="8" width="${round(x(start + length) - x(start))}" height="16" fill="${COLOURS[kind]}"/>`,
      ),
      ...[0, 0.5, 1].flatMap((part) => [
        `<line x1="${left}" x2="${width - 12}" y1="${y(part)}" y2="${y(part)}" stroke="#8884"/>`,
        `<text x="${left - 6}" y="${y(part) + 4}" text-anchor="end">${100 * part} %</text>`,
      ]),
      `<polyline fill="none" stroke-width="2" stroke="${COLOURS.dead}" points="${line((b) => removedAt(b, ramp, 1))}"/>`,
      `<polyline fill="none" stroke-width="2" stroke="${COLOURS.neurons}" stroke-dasharray="5 4" points="${line((b) => competitionAt(b, ramp, 1))}"/>`,
      `<line x1="${x(frozen)}" x2="${x(frozen)}" y1="${top}" y2="${y(0)}" stroke="${COLOURS.text}" stroke-dasharray="2 3"/>`,
      `<text x="${round(x(frozen) - 5)}" y="${y(0.06)}" text-anchor="end">masks stay from here on</text>`,
      ...[
        ['plain', 'W alone'],
        ['astrocytes', 'the astrocytes'],
        ['neurons', 'W, modulated'],
      ].map(
        ([kind, words], i) =>
          `<rect x="${left + 130 * i}" y="204" width="12" height="12" fill="${COLOURS[kind]}"/><text x="${left + 17 + 130 * i}" y="214">${words}</text>`,
      ),
      `<text x="${left}" y="232">red: of what is to go, what may be gone; blue: competition, of its last value; by mini-batch</text>`,
    ],
  );
}

/** One kernel before and after a decision: 12 channels that 12 others read. */
export function decision() {
  const units = 12;
  const kernel = {
    param: 'w',
    preAxis: 0,
    postAxis: 1,
    preNeurons: units,
    postNeurons: units,
    area: 1,
    width: 1,
  };
  const rng = Rng.fromSeed(7);
  // Relative probabilities: for every post-neuron they are F times shares that add up to 1, capped at 1.
  const scores = new Float32Array(units * units);
  for (let o = 0; o < units; o++) {
    // Two of the channels have little to say to anybody.
    const drives = rng.normals(units, 1.6).map((value, i) => Math.exp(value - (i === 3 || i === 8 ? 4 : 0)));
    const sum = drives.reduce((a, b) => a + b);
    drives.forEach((value, i) => (scores[i * units + o] = Math.min(1, (units * value) / sum)));
  }
  const rule = { mode: 'target', removeModulated: 0.6 };
  const masks = masksOf([kernel], { w: scores }, thresholds([kernel], { w: scores }, rule)).w;
  const at = (side, unit) => [side, round(24 + 15 * unit)];
  const panel = (from, to, alive, words) => {
    const lines = Array.from(scores, (score, k) => {
      const [x1, y1] = at(from, Math.floor(k / units));
      const [x2, y2] = at(to, k % units);
      return alive(k)
        ? `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${COLOURS.neurons}" stroke-opacity="${round(0.1 + 0.7 * score)}"/>`
        : '';
    }).filter(Boolean);
    const dots = Array.from({ length: units }, (_, unit) => {
      const [x, y] = at(from, unit);
      const read = scores.subarray(unit * units, (unit + 1) * units).some((_, o) => alive(unit * units + o));
      return (
        `<circle cx="${x}" cy="${y}" r="4" ${read ? `fill="${COLOURS.neurons}"` : `fill="none" stroke="${COLOURS.dead}"`}/>` +
        `<circle cx="${to}" cy="${y}" r="4" fill="${COLOURS.neurons}"/>`
      );
    });
    return [...lines, ...dots, `<text x="${(from + to) / 2}" y="222" text-anchor="middle">${words}</text>`];
  };
  const kept = masks.reduce((sum, alive) => sum + alive, 0);
  return svg(640, 232, 'Connections of one kernel by how open they are, and those that a decision leaves', [
    ...panel(40, 280, () => true, `${units * units} connections, the more open the darker`),
    ...panel(360, 600, (k) => masks[k] === 1, `${kept} are left when 60 % go`),
  ]);
}

export const figures = { 'schedule.svg': schedule, 'decision.svg': decision };

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, draw] of Object.entries(figures))
    writeFileSync(new URL(`figures/${name}`, import.meta.url), draw());
}
