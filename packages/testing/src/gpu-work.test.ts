import { expect, test } from 'vitest';
import { countGpuWork, workBetween } from './gpu-work.ts';

/** As much of a device as is counted; it does nothing. */
function device(): { gpu: GPUDevice; ran: () => number } {
  let ran = 0;
  const pass = { setPipeline() {}, setBindGroup() {}, dispatchWorkgroups: () => void ran++ };
  const gpu = {
    queue: { submit() {}, writeBuffer() {} },
    createShaderModule: () => ({}),
    createComputePipeline: () => ({}),
    createBindGroup: () => ({}),
    createBuffer: ({ size }: { size: number }) => ({ size, mapAsync: async () => undefined }),
    createCommandEncoder: () => ({
      clearBuffer() {},
      copyBufferToBuffer() {},
      beginComputePass: () => ({ ...pass }),
    }),
  };
  return { gpu: gpu as unknown as GPUDevice, ran: () => ran };
}

const CODE = `
@group(0) @binding(0) var<storage, read_write> result : array<f32>;
@group(0) @binding(1) var<storage, read> x : array<f32>;
@group(0) @binding(2) var<uniform> numbers : vec4<i32>;`;

function dispatch(gpu: GPUDevice): void {
  const module = gpu.createShaderModule({ code: CODE });
  const pipeline = gpu.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: '_start' } });
  const [y, x, numbers] = [400, 100, 16].map((size) => gpu.createBuffer({ size, usage: 0 }));
  const pass = gpu.createCommandEncoder().beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [{ buffer: y! }, { buffer: x!, offset: 20 }, { buffer: numbers! }];
  pass.setBindGroup(
    0,
    gpu.createBindGroup({
      layout: {} as GPUBindGroupLayout,
      entries: entries.map((resource, binding) => ({ binding, resource })),
    }),
  );
  pass.dispatchWorkgroups(1);
  gpu.queue.submit([]);
}

test('what a program is bound to is counted by how it uses it', () => {
  const { gpu, ran } = device();
  const work = countGpuWork(gpu);
  const before = work();
  dispatch(gpu);
  expect(workBetween(before, work())).toEqual({
    dispatches: 1,
    bytesRead: 80,
    bytesWritten: 400,
    buffers: 3,
    bufferBytes: 516,
    submits: 1,
    uploads: 0,
    bytesUploaded: 0,
    readBacks: 0,
    bytesReadBack: 0,
  });
  expect(ran()).toBe(1);
});

test('what goes to the device and comes back is counted in bytes', async () => {
  const { gpu } = device();
  const work = countGpuWork(gpu);
  gpu.createBuffer({ size: 12, usage: 0, mappedAtCreation: true });
  gpu.queue.writeBuffer({} as GPUBuffer, 0, new Float32Array(5));
  gpu.queue.writeBuffer({} as GPUBuffer, 0, new ArrayBuffer(64), 0, 8);
  await gpu.createBuffer({ size: 40, usage: 0 }).mapAsync(1);
  expect(work()).toMatchObject({ uploads: 3, bytesUploaded: 40, readBacks: 1, bytesReadBack: 40 });
  gpu.createCommandEncoder().clearBuffer({ size: 24 } as GPUBuffer);
  expect(work()).toMatchObject({ uploads: 3, bytesWritten: 24 });
});

test('a buffer that is older than the counts is seen when it is copied to', async () => {
  const { gpu } = device();
  const old = gpu.createBuffer({ size: 8, usage: 0 });
  const work = countGpuWork(gpu);
  gpu.createCommandEncoder().copyBufferToBuffer({} as GPUBuffer, 0, old, 0, 8);
  await old.mapAsync(1);
  expect(work()).toMatchObject({ readBacks: 1, bytesReadBack: 8 });
});

test('dry, programs are counted and not run', () => {
  const { gpu, ran } = device();
  const work = countGpuWork(gpu, { dry: true });
  dispatch(gpu);
  expect(work().dispatches).toBe(1);
  expect(ran()).toBe(0);
});
