// What a page says to the test that opened it.

import { type BackendAdapter, startBackend } from '@ma-net/core';
import { type Outcome, runDeclared } from './vitest.ts';

export interface Page {
  probe(): Promise<unknown>;
  /** What the backend says of itself once it runs on so many threads. */
  facts(threads: number): Promise<unknown>;
  run(): Promise<Outcome[]>;
}

export function offer(adapter: BackendAdapter): void {
  const page: Page = {
    probe: () => adapter.probe(),
    facts: async (threads) => (await startBackend(adapter, { threads })).facts(),
    run: runDeclared,
  };
  (globalThis as unknown as { page: Page }).page = page;
}
