// The few fields of TensorFlow's Event (tensorflow/core/util/event.proto, summary.proto) that curves are made of.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export interface Event {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  /** What the first event of a file says. */
  readonly version?: string;
  /** A session starts: whatever an earlier one said of this step and later ones does not count. */
  readonly starts?: true;
  /** Numbers by tag. */
  readonly scalars?: Readonly<Record<string, number>>;
}

/** An event as a protocol buffer. */
export function encodeEvent({ wallTime, step, version, starts, scalars }: Event): Uint8Array<ArrayBuffer> {
  const event = new BinaryWriter().tag(1, WireType.Bit64).double(wallTime);
  if (step !== undefined) event.tag(2, WireType.Varint).int64(step);
  if (version !== undefined) event.tag(3, WireType.LengthDelimited).string(version);
  if (scalars !== undefined) {
    event.tag(5, WireType.LengthDelimited).fork();
    for (const [tag, value] of Object.entries(scalars)) {
      event.tag(1, WireType.LengthDelimited).fork();
      event.tag(1, WireType.LengthDelimited).string(tag).tag(2, WireType.Bit32).float(value);
      event.join();
    }
    event.join();
  }
  // SessionLog.status = START.
  if (starts === true) event.tag(7, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(1).join();
  return event.finish();
}
