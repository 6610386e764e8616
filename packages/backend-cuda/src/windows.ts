// tfjs-node knows windows inside the image ('valid') and around it ('same'), but not by a number of pixels,
// which is how networks written elsewhere pad. Pixels are added around the image, the stock kernel runs on
// windows inside, and a gradient loses them again.

import * as tf from '@tensorflow/tfjs-core';

type Attrs = Record<string, unknown>;
type Stock = (inputs: tf.NamedTensorInfoMap, attrs: Attrs) => tf.Tensor4D;
type Windowed = (
  inputs: Record<string, tf.Tensor4D>,
  attrs: Attrs,
  pad: Padding,
  stock: Stock,
) => tf.Tensor4D;
type Shape = [number, number, number, number];

/** Pixels above, below, left and right. */
type Padding = readonly [readonly [number, number], readonly [number, number]];

/** By kernel name: the same as the stock kernel, for padding by pixels. */
export const windowed: Readonly<Record<string, Windowed>> = {
  Conv2D: ({ x, filter }, attrs, pad, stock) => stock({ x: around(x!, pad), filter: filter! }, attrs),
  DepthwiseConv2dNative: ({ x, filter }, attrs, pad, stock) =>
    stock({ x: around(x!, pad), filter: filter! }, attrs),
  Conv2DBackpropFilter: ({ x, dy }, attrs, pad, stock) => stock({ x: around(x!, pad), dy: dy! }, attrs),
  DepthwiseConv2dNativeBackpropFilter: ({ x, dy }, attrs, pad, stock) =>
    stock({ x: around(x!, pad), dy: dy! }, attrs),
  Conv2DBackpropInput: inputGradient,
  DepthwiseConv2dNativeBackpropInput: inputGradient,
  MaxPool: ({ x }, attrs, pad, stock) => stock({ x: around(x!, pad, Number.NEGATIVE_INFINITY) }, attrs),
  MaxPoolGrad: ({ dy, input, output }, attrs, pad, stock) =>
    inside(
      stock({ dy: dy!, input: around(input!, pad, Number.NEGATIVE_INFINITY), output: output! }, attrs),
      input!.shape,
      pad,
    ),
  // tfjs divides by the pixels that lie inside the image, and in the gradient by all of the window.
  AvgPool: ({ x }, attrs, pad, stock) => {
    const means = stock({ x: around(x!, pad) }, attrs);
    const parts = stock({ x: around(tf.onesLike(x!), pad) }, attrs);
    return tf.div(means, parts);
  },
  AvgPoolGrad: ({ dy, input }, attrs, pad, stock) =>
    inside(stock({ dy: dy!, input: around(input!, pad) }, attrs), input!.shape, pad),
};

/** Puts the kernels over those of backend `name`; what is padded otherwise goes through. */
export function installWindows(name: string): void {
  for (const [kernelName, kernel] of Object.entries(windowed)) {
    const stock = tf.getKernel(kernelName, name);
    tf.unregisterKernel(kernelName, name);
    tf.registerKernel({
      ...stock,
      kernelFunc: (call) => {
        const attrs = (call.attrs ?? {}) as Attrs;
        const pad = paddingOf(attrs);
        if (pad === undefined) return stock.kernelFunc(call);
        return tf.tidy(() =>
          kernel(
            call.inputs as unknown as Record<string, tf.Tensor4D>,
            { ...attrs, pad: 'valid' },
            pad,
            (inputs, changed) =>
              stock.kernelFunc({
                inputs,
                attrs: changed as tf.NamedAttrMap,
                backend: call.backend,
              }) as tf.Tensor4D,
          ),
        );
      },
    });
  }
}

function paddingOf({ pad, dataFormat, dimRoundingMode }: Attrs): Padding | undefined {
  if (dataFormat === 'NCHW' || dimRoundingMode === 'ceil' || dimRoundingMode === 'round') return undefined;
  if (typeof pad === 'number' && pad > 0)
    return [
      [pad, pad],
      [pad, pad],
    ];
  if (Array.isArray(pad)) return [pad[1] as [number, number], pad[2] as [number, number]];
  return undefined;
}

function inputGradient(
  { dy, filter }: Record<string, tf.Tensor4D>,
  attrs: Attrs,
  pad: Padding,
  stock: Stock,
): tf.Tensor4D {
  const shape = attrs['inputShape'] as Shape;
  const [[top, bottom], [left, right]] = pad;
  const inputShape = [shape[0], shape[1] + top + bottom, shape[2] + left + right, shape[3]];
  return inside(stock({ dy: dy!, filter: filter! }, { ...attrs, inputShape }), shape, pad);
}

function around(x: tf.Tensor4D, [rows, columns]: Padding, value = 0): tf.Tensor4D {
  return tf.pad(x, [[0, 0], [...rows], [...columns], [0, 0]], value);
}

function inside(x: tf.Tensor4D, shape: Shape, [[top], [left]]: Padding): tf.Tensor4D {
  return tf.slice(x, [0, top, left, 0], shape);
}
