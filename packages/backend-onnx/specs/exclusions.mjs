// Specs of tfjs-core that the engine does not run, by a part of the name, each with the reason.

const complex = 'complex numbers: the backend has no complex64, and says so; nothing here uses them';
const ragged =
  'ragged tensors: kernels that take lists of tensors cannot be recorded; nothing here uses them';
const lastDigit =
  'the spec compares float32 at full precision; ONNX Runtime is one unit in the last place away';
const nan = 'the reductions of ONNX Runtime ignore NaN; it still reaches every sum and product';

export const excluded = [
  ...['complex', 'FFT ', 'stft', 'add onnx {} upcasts when', 'sub onnx {} upcasts when'].map((specs) => ({
    specs,
    why: complex,
  })),
  ...['raggedGather', 'raggedTensorToTensor'].map((specs) => ({ specs, why: ragged })),
  ...['exp onnx {} int32', 'tan onnx {} numbers exceed float32 precision'].map((specs) => ({
    specs,
    why: lastDigit,
  })),
  ...['max onnx {} return NaNs', 'min onnx {} return NaNs'].map((specs) => ({ specs, why: nan })),
  {
    specs: 'gather onnx {} throws when index is out of bound',
    why: 'indices are values, known only when the graph runs; the error comes from reading the result',
  },
];
