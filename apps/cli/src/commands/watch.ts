import { watchRun } from '@ma-net/report/node';
import { interruptible } from '../interrupt.ts';
import { createScreen } from '../screen.ts';

export interface WatchArguments {
  readonly port: number;
}

/** `manet watch`: a run as a page that changes while it trains, until Ctrl-C. */
export async function watch(path: string, { port }: WatchArguments): Promise<void> {
  const screen = createScreen();
  const watching = await watchRun(path, { port });
  screen.line(`${path}: ${watching.url}`);
  screen.line('  Ctrl-C ends it; the run goes on.');
  await interruptible(
    () => undefined,
    (signal) => new Promise<void>((done) => signal.addEventListener('abort', () => done())),
  );
  await watching.close();
}
