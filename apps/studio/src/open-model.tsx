import type { RankedClass } from '@ma-net/task-classification';
import { useState } from 'preact/hooks';
import type { Connection } from './connect.ts';
import type { OpenModel, Wish } from './messages.ts';
import { Ranking } from './ranking.tsx';

type Answer = { readonly file: string; readonly classes: readonly RankedClass[] };

/** A model that `manet export` wrote, or this page, on an image. */
export function OpenModelView({ worker, wish }: { readonly worker: Connection; readonly wish: Wish }) {
  const [model, setModel] = useState<OpenModel & { readonly file: string }>();
  const [answer, setAnswer] = useState<Answer>();
  const [problem, setProblem] = useState<string>();

  /** Does what was chosen; what goes wrong is told where it was chosen. */
  async function taking(event: Event, use: (file: File) => Promise<void>): Promise<void> {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (file === undefined) return;
    setProblem(undefined);
    try {
      await use(file);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    // The same file can be chosen again.
    input.value = '';
  }

  const openFile = async (file: File): Promise<void> => {
    await worker.start(wish);
    const opened = await worker.open(new Uint8Array(await file.arrayBuffer()));
    setModel({ ...opened, file: file.name });
    setAnswer(undefined);
  };
  const askAbout = async (file: File): Promise<void> => {
    setAnswer({ file: file.name, classes: await worker.ask(file) });
  };

  return (
    <section aria-label="Open a model">
      <h2>Open a model</h2>
      <p>
        A file that <code>manet export</code> wrote, or one downloaded above: ONNX or safetensors. Then an
        image for it.
      </p>
      <div class="files">
        <label class="file">
          <span>Model</span>
          <input type="file" accept=".onnx,.safetensors" onChange={(event) => void taking(event, openFile)} />
        </label>
        {model !== undefined && (
          <label class="file">
            <span>Image</span>
            <input type="file" accept="image/*" onChange={(event) => void taking(event, askAbout)} />
          </label>
        )}
      </div>
      {problem !== undefined && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      <div aria-live="polite">
        {model !== undefined && (
          <p>
            {model.file} tells {model.classNames.length} classes apart, on images of {model.shape.join(' x ')}
            .
          </p>
        )}
        {answer !== undefined && (
          <>
            <p>
              {answer.file}: {answer.classes[0]!.name}
            </p>
            <Ranking classes={answer.classes} />
          </>
        )}
      </div>
    </section>
  );
}
