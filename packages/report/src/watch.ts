// A run as a page that changes while it trains. The server answers this machine alone, to two fixed paths, and reads
// nothing but the run: no path that is asked for is ever the path of a file.

import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { escaped } from './escape.ts';
import { type Figure, reportFigures } from './figures.ts';
import { framed, htmlPage } from './page.ts';
import { grouped, readRun } from './read-run.ts';

export interface WatchOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** Milliseconds between two looks at the run; a run that takes long to read is looked at less often. */
  readonly every?: number;
}

export interface Watching {
  /** Where the page is. */
  readonly url: string;
  close(): Promise<void>;
}

/** What a page shows. */
interface Shown {
  readonly title: string;
  readonly status: string;
  readonly figures: readonly Figure[];
}

const HOST = '127.0.0.1';
/** Pages that may look at once. */
const MOST = 32;

/**
 * Serves a run on the loopback interface. Throws `not-found` or `bad-file` where there is no run, and `bad-argument` for
 * a port that cannot be had.
 */
export async function watchRun(path: string, { port, every = 1000 }: WatchOptions): Promise<Watching> {
  let shown = look(path);
  let seen = stamp(path);
  const listeners = new Set<ServerResponse>();
  const nonce = randomBytes(16).toString('base64');
  const send = (to: ServerResponse): void => void to.write(`data: ${JSON.stringify(shown)}\n\n`);

  const server = createServer((request, response) => {
    const refused = refusal(request, (server.address() as AddressInfo).port);
    if (refused !== undefined)
      return answer(response, refused, 'text/plain; charset=utf-8', STATUS[refused]!);
    if (request.url === '/')
      return answer(response, 200, 'text/html; charset=utf-8', pageOf(shown, nonce), nonce);
    if (request.url !== '/events') return answer(response, 404, 'text/plain; charset=utf-8', STATUS[404]!);
    if (listeners.size >= MOST) return answer(response, 503, 'text/plain; charset=utf-8', STATUS[503]!);
    response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream' });
    listeners.add(response);
    response.on('close', () => listeners.delete(response));
    send(response);
  });

  let timer: NodeJS.Timeout | undefined;
  const again = (wait: number): void => {
    timer = setTimeout(() => {
      const started = performance.now();
      const now = stamp(path);
      // Nobody looks, or there is nothing new.
      if (now !== seen) {
        seen = now;
        shown = lookAgain(path, shown);
        for (const listener of listeners) send(listener);
      }
      again(Math.max(every, 10 * (performance.now() - started)));
    }, wait);
  };

  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      fail(
        new MaNetError('bad-argument', `The port ${port} cannot be had: ${error.message}.`, {
          hint: 'choose another one with --port, or 0 for any that is free.',
          cause: error,
        }),
      ),
    );
    server.listen(port, HOST, done);
  });
  again(every);
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/`,
    async close() {
      clearTimeout(timer);
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const STATUS: Readonly<Record<number, string>> = {
  403: 'This page is for this machine alone.\n',
  404: 'There is nothing here.\n',
  405: 'This page can only be read.\n',
  503: 'Too many pages are open.\n',
};

/** Who asks by another name than this machine's comes by a name that somebody else gave it (DNS rebinding). */
function refusal({ headers, method: verb }: IncomingMessage, port: number): number | undefined {
  const names = [HOST, 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  if (!names.includes(headers.host ?? '')) return 403;
  // Pages of other places may make a browser ask, and must not know what it is told.
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 403;
  return verb === 'GET' ? undefined : 405;
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

function answer(response: ServerResponse, status: number, type: string, body: string, nonce?: string): void {
  const policy =
    nonce === undefined
      ? "default-src 'none'"
      : `default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...HEADERS,
    'Content-Type': type,
    'Content-Security-Policy': policy,
    'Content-Length': bytes.length,
  });
  response.end(bytes);
}

/** When the files of a run changed, as text to compare. */
function stamp(path: string): string {
  return ['metrics.jsonl', 'run.json']
    .map((name) => {
      const found = statSync(join(path, name), { throwIfNoEntry: false });
      return found === undefined ? '' : `${found.size} ${found.mtimeMs}`;
    })
    .join();
}

function look(path: string): Shown {
  const [record] = grouped([readRun(path)]);
  const { name, group, seed, terms } = record!;
  const last = terms['loss']?.at(-1)?.step ?? 0;
  const said = Object.fromEntries(record!.facts)['trained'] ?? '';
  return {
    title: `${name}, ${group}${seed === undefined ? '' : `, seed ${seed}`}`,
    status: last === 0 ? 'No mini-batch is done yet.' : `${said}.`,
    figures: reportFigures([record!]),
  };
}

/** A run may be written right now, or be gone: what was seen last stays, and the page says why. */
function lookAgain(path: string, last: Shown): Shown {
  try {
    return look(path);
  } catch (error) {
    return { ...last, status: (error as Error).message.split('\n')[0]! };
  }
}

function pageOf({ title, status, figures }: Shown, nonce: string): string {
  return htmlPage(
    title,
    [
      `<header><h1>${escaped(title)}</h1><p class="note" id="status" role="status">${escaped(status)}</p></header>`,
      `<main><div class="figures" id="figures">${figures.map(framed).join('\n')}</div></main>`,
      '<noscript><p class="note">Without scripts, load the page again to see how it goes on.</p></noscript>',
      `<script nonce="${nonce}">${SCRIPT}</script>`,
    ],
    nonce,
  );
}

/** Figures are read as XML, in which nothing of a page can hide, and replaced where they changed. */
const SCRIPT = `
const status = document.getElementById('status');
const figures = document.getElementById('figures');
const drawn = new Map();
const source = new EventSource('/events');
source.onmessage = ({ data }) => {
  const shown = JSON.parse(data);
  status.textContent = shown.status;
  for (const { id, svg } of shown.figures) {
    if (drawn.get(id) === svg) continue;
    drawn.set(id, svg);
    const image = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
    let figure = document.getElementById(id);
    if (figure === null) {
      figure = document.createElement('figure');
      figure.id = id;
      figures.append(figure);
    }
    figure.replaceChildren(document.importNode(image, true));
  }
};
source.onerror = () => { status.textContent = 'The connection to manet watch is lost; trying again.'; };
`;
