import * as tf from '@tensorflow/tfjs-core';
import { MaNetError } from './errors.ts';
import { type Params, pick } from './params.ts';
import { forgetUnread, type TapeNode } from './saved.ts';

export interface ValueAndGrad<Aux> {
  readonly value: tf.Scalar;
  /** One gradient per requested name; zeros where the value does not depend on it. */
  readonly grads: Record<string, tf.Tensor>;
  /** Whatever else `f` returned, still alive. */
  readonly aux: Aux;
}

/**
 * The value of `f` and its gradient with respect to the parameters called `names`; all other parameters
 * are constants. `f` receives the whole record. The caller owns everything in the result.
 */
export function valueAndGrad<Aux extends tf.TensorContainer>(
  f: (params: Params) => { readonly value: tf.Scalar; readonly aux: Aux },
  params: Params,
  names: readonly string[],
): ValueAndGrad<Aux> {
  if (names.length === 0) {
    throw new MaNetError('bad-argument', 'No parameter was named to differentiate with respect to.', {
      hint: 'pass at least one parameter name; for the value alone, call the function itself.',
    });
  }
  const inputs = Object.values(pick(params, names));
  return tf.tidy(() => {
    let kept: Aux | undefined;
    const forward = (): tf.Scalar => {
      const result = f(params);
      // The tape disposes what was made under it; what `f` returns beside the value has to outlive it.
      kept = mapTensors(result.aux, (t) => tf.keep(t.clone()));
      return result.value;
    };
    const { value, grads } = disposingTapeOnFailure(
      () => tf.engine().gradients(forward, inputs, undefined, true),
      () => kept,
    );
    const aux = mapTensors(kept as Aux, (t) => {
      const owned = t.clone();
      t.dispose();
      return owned;
    });
    const named = names.map((name, i): [string, tf.Tensor] => [name, grads[i] ?? tf.zerosLike(inputs[i]!)]);
    return { value: value as tf.Scalar, grads: Object.fromEntries(named), aux } as ValueAndGrad<Aux> &
      tf.TensorContainerObject;
  });
}

/** tfjs forgets what it saved for a gradient that was then never taken. */
function disposingTapeOnFailure<T>(run: () => T, kept: () => tf.TensorContainer | undefined): T {
  try {
    return run();
  } catch (error) {
    const { activeTape, gradientDepth } = tf.engine().state;
    if (gradientDepth === 0) for (const { saved } of activeTape ?? []) tf.dispose(saved);
    tf.dispose(kept() ?? []);
    throw error;
  }
}

/** The first half of a gradient: made under a tape that goes on later. */
export interface Tape<Made> {
  /** Borrowed from the tape until it is disposed. */
  readonly made: Made;
  /** The second half: the value of `f` and its gradient through both halves. Once. */
  finish<Aux extends tf.TensorContainer>(
    f: (made: Made) => { readonly value: tf.Scalar; readonly aux: Aux },
  ): ValueAndGrad<Aux>;
  /** Frees what the first half made. */
  dispose(): void;
}

/**
 * Runs `f` and keeps what its gradient with respect to the parameters called `names` needs, so that the host can look at
 * the result before it goes on: nothing is recorded in between. Not for use inside another gradient.
 */
export function openTape<Made extends object>(
  f: () => Made,
  params: Params,
  names: readonly string[],
): Tape<Made> {
  const state = tf.engine().state as { activeTape: TapeNode[] | null; gradientDepth: number };
  const before = (tf.engine() as unknown as { nextTensorId(): number }).nextTensorId();
  let tape: TapeNode[] | undefined = [];
  let made: tf.TensorContainerObject = {};
  const release = (): void => {
    for (const { saved } of tape ?? []) tf.dispose(saved);
    tape = undefined;
    // What was only handed through belongs to somebody else.
    tf.dispose(tf.tensor_util.getTensorsInContainer(made).filter(({ id }) => id > before));
  };
  [state.activeTape, state.gradientDepth] = [tape, 1];
  try {
    made = tf.tidy(() => f() as unknown as tf.TensorContainerObject);
    forgetUnread(tape, Object.values(pick(params, names)));
  } catch (error) {
    release();
    throw error;
  } finally {
    [state.activeTape, state.gradientDepth] = [null, 0];
  }
  return {
    made: made as unknown as Made,
    finish: (second) =>
      valueAndGrad(
        () => {
          // tfjs has just begun a tape of its own; this one goes on in its place, and ends with it.
          state.activeTape = tape!;
          tape = undefined;
          return second(made as unknown as Made);
        },
        params,
        names,
      ),
    dispose: release,
  };
}

function mapTensors<T extends tf.TensorContainer>(container: T, f: (t: tf.Tensor) => tf.Tensor): T {
  if (container instanceof tf.Tensor) return f(container) as unknown as T;
  if (Array.isArray(container))
    return container.map((c: tf.TensorContainer) => mapTensors(c, f)) as unknown as T;
  if (container !== null && typeof container === 'object') {
    return Object.fromEntries(
      Object.entries(container).map(([k, v]) => [k, mapTensors(v as tf.TensorContainer, f)]),
    ) as T;
  }
  return container;
}

/** The value as a constant: no gradient flows through it. */
export const stopGradient: (x: tf.Tensor) => tf.Tensor = tf.customGrad((...args: unknown[]) => {
  const x = args[0] as tf.Tensor;
  return { value: x.clone(), gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy) };
}) as (x: tf.Tensor) => tf.Tensor;

/** sqrt of the sum of squares of all tensors. */
export function globalNorm(tensors: Params): tf.Scalar {
  return tf.tidy(
    () => tf.sqrt(tf.addN(Object.values(tensors).map((t) => tf.sum(tf.mul(t, t))))) as tf.Scalar,
  );
}
