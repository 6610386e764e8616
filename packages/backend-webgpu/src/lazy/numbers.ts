// The few numbers that every program gets beside its tensors, of all programs of a submit, in one buffer.

/// <reference types="@webgpu/types" />

const CHUNK_BYTES = 1 << 18;
const UNIFORM = 0x40 | 0x8;

interface Chunk {
  readonly buffer: GPUBuffer;
  readonly bytes: Uint8Array;
}

export class Numbers {
  readonly #device: GPUDevice;
  readonly #chunks: Chunk[] = [];
  #used: number[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Where `data` will be once it is sent. */
  place(data: ArrayBuffer): GPUBufferBinding {
    const alignment = this.#device.limits.minUniformBufferOffsetAlignment;
    const before = this.#used.at(-1) ?? CHUNK_BYTES;
    const fits = before + data.byteLength <= CHUNK_BYTES;
    if (!fits) this.#used.push(0);
    const chunk = this.#used.length - 1;
    const { buffer, bytes } = (this.#chunks[chunk] ??= this.#make());
    const offset = this.#used[chunk]!;
    bytes.set(new Uint8Array(data), offset);
    this.#used[chunk] = Math.ceil((offset + data.byteLength) / alignment) * alignment;
    return { buffer, offset, size: data.byteLength };
  }

  /** Sends what was placed; later data takes its place, behind it in the queue of the device. */
  send(): void {
    this.#used.forEach((used, k) => {
      const { buffer, bytes } = this.#chunks[k]!;
      this.#device.queue.writeBuffer(buffer, 0, bytes, 0, Math.min(used, CHUNK_BYTES));
    });
    this.#used = [];
  }

  #make(): Chunk {
    return {
      buffer: this.#device.createBuffer({ size: CHUNK_BYTES, usage: UNIFORM }),
      bytes: new Uint8Array(CHUNK_BYTES),
    };
  }
}
