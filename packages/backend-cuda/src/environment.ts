/** What TensorFlow reads when it loads; a value that is already set stands. */
export const environment: Readonly<Record<string, string>> = {
  // Memory as it is needed, instead of all of the GPU at once.
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  // Real float32: on recent GPUs, products would silently be rounded to 10 bits.
  NVIDIA_TF32_OVERRIDE: '0',
  // Warnings and errors; not which instructions the processor has.
  TF_CPP_MIN_LOG_LEVEL: '1',
};
