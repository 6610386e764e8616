// What `manet export --format` asks of a format. A package offers its own as a part of the kind `format`.

import type { HostBatch, Installed, Network } from '@ma-net/core';
import type { NetworkFacts } from './network-facts.ts';
import type { TrainedNetwork } from './network-bytes.ts';
import { seesBgr } from './normalisation.ts';

export interface Format extends Written {
  /** Of the file, or the folder, it writes. */
  readonly extension: string;
  /** The backend that has to run while it writes, where it cannot be any. */
  readonly backend?: string;
  /** Writes the network, atomically; says in a few words what it wrote. Borrows the tensors. */
  write(path: string, network: TrainedNetwork, facts: NetworkFacts, options: FormatOptions): Promise<string>;
  /**
   * The outputs of the file by name, as another program would compute them from its inputs. `installed` are packages whose
   * parts the file may name; networks of the zoo unless given.
   */
  run(path: string, inputs: HostBatch, installed?: Installed): Promise<HostBatch>;
  /**
   * The network of a file, alone, ready to be asked. `installed` are packages whose parts the file may name. Throws what
   * reading it throws, and `bad-file` for one that was not written here.
   */
  open(path: string, installed: Installed): Promise<OpenFile>;
  /** Whether the file can take pixels and normalise them itself. */
  readonly takesPixels: boolean;
  /** Whether `opset` says anything to it. */
  readonly hasOperatorSets?: boolean;
  /** Whether the file takes images of any shape; others take those that the network was made for. */
  readonly anyShape?: boolean;
  /** Whether it can write a PyTorch model beside the file. */
  readonly writesModel?: boolean;
}

/** A network that can be asked. */
export interface OpenFile {
  /** What it needs to know of what it is given: names of classes, shapes, and how pixels become inputs. */
  readonly facts: NetworkFacts;
  /** Whether it takes pixels, and normalises them itself. */
  readonly takesPixels: boolean;
  /** The network itself, where it is in memory: it takes images of any shape, and may look twice. */
  readonly trained?: TrainedNetwork;
  /** Its outputs by name, of inputs by name. */
  run(inputs: HostBatch): Promise<HostBatch>;
  /** Frees its weights. */
  close(): void;
}

/** What a format leaves on a disk, for who is about to write there again. */
export interface Written {
  /** Whether it is a folder of files. */
  readonly folder?: boolean;
  /** Whether what is at a path was written by it, and nobody misses it. */
  wrote(path: string): boolean;
}

export interface FormatOptions {
  /** The file takes pixels instead of normalised images. */
  readonly pixels: boolean;
  /** The operator set of an ONNX file; the lowest that its operators need unless given. */
  readonly opset?: number | undefined;
  /** Where a file of weights puts the PyTorch model that they belong to; nowhere unless given. */
  readonly model?: string | undefined;
}

/** What a file takes and gives, for people. */
export function signatureOf({ inputs, outputs }: Network, { input }: NetworkFacts, pixels: boolean): string {
  const text = (values: Network['inputs']): string =>
    values.map(({ name, shape }) => `${name} [batch, ${shape.join(', ')}]`).join(', ');
  const order = seesBgr(input) ? (pixels ? ' (RGB)' : ' (BGR)') : '';
  const range = `${pixels ? `pixels from 0 to ${input.white}` : 'normalised images'}${order}`;
  return `${text(inputs)}, ${range}, to ${text(outputs)}`;
}
