// The page: what is asked for above, the network and its numbers in the middle, and what can be done with it below.

import { useEffect, useMemo, useReducer, useState } from 'preact/hooks';
import { type Connection, connect, listener } from './connect.ts';
import { Controls } from './controls.tsx';
import { Curves } from './curves.tsx';
import { Download } from './download.tsx';
import type { Device, Settings, Wish } from './messages.ts';
import { NetworkView } from './network-view.tsx';
import { Numbers } from './numbers.tsx';
import { OpenModelView } from './open-model.tsx';
import { next, START } from './state.ts';
import { TryIt } from './try-it.tsx';
import type { Wiring } from './living.ts';

/** `?backend=` and `?threads=` say what computes; the best that runs here otherwise. */
const query = new URLSearchParams(location.search);
const WISH: Wish = {
  backend: query.get('backend') ?? 'auto',
  ...(query.has('threads') ? { threads: Number(query.get('threads')) } : {}),
};

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function App() {
  const worker = useMemo<Connection>(connect, []);
  const [state, tell] = useReducer(next, START);
  const [wiring, setWiring] = useState<Wiring>();
  const [device, setDevice] = useState<Device>();
  const fail = (error: unknown): void => tell({ type: 'failed', message: message(error) });

  useEffect(() => {
    worker.wiring().then(setWiring, fail);
  }, []);

  async function start(settings: Settings): Promise<void> {
    tell({ type: 'asked', settings });
    try {
      setDevice(await worker.start(WISH));
      const outcome = await worker.train(settings, listener(tell));
      tell(outcome === undefined ? { type: 'stopped' } : { type: 'done', outcome });
    } catch (error) {
      fail(error);
    }
  }

  function pause(paused: boolean): void {
    void (paused ? worker.pause() : worker.resume());
    tell({ type: 'paused', paused });
  }

  return (
    <>
      <header>
        <h1>MA-Net studio</h1>
        <p>
          A network learns handwritten digits in this page. Astrocytes watch its connections, let the weak
          ones fade and die, and some come back. Nothing is sent anywhere.
        </p>
      </header>
      <main>
        <Controls
          running={state.phase === 'running'}
          paused={state.paused}
          ready={wiring !== undefined}
          onStart={(settings) => void start(settings)}
          onPause={pause}
          onStop={() => void worker.stop()}
        />
        {state.error !== undefined && (
          <p class="error" role="alert">
            {state.error}
          </p>
        )}
        <NetworkView wiring={wiring} strengths={state.strengths} changes={state.changes} />
        <Numbers state={state} device={device} />
        <Curves curve={state.curve} budget={state.budget} />
        {state.outcome !== undefined && <Download outcome={state.outcome} worker={worker} onError={fail} />}
        {state.outcome !== undefined && <TryIt worker={worker} onError={fail} />}
        <OpenModelView worker={worker} wish={WISH} />
      </main>
    </>
  );
}
