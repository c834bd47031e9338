/**
 * Maps that a program only writes to: ring buffers, queues and stacks. What came in since the last `reset`,
 * oldest first, without changing it.
 *
 *   ring buffer  --mmap: consumer page | producer page, data twice-->  committed records
 *   queue, stack --popped one by one, pushed back-->                   values
 */
import type { MapDef } from '../../program/program.ts';
import { MapTypeId } from '../../program/tables/maps.ts';
import { elem } from '../syscall/elements.ts';
import { PAGE, round } from '../syscall/maps.ts';
import { type Bpf, BpfError, Cmd, type Mapping } from '../syscall/syscall.ts';

/** The values or records in a map, read by whoever runs its program. */
export interface OutputReader {
  /** What is there counts as nothing from now on. */
  reset(): void;
  read(): Uint8Array[];
  close(): void;
}

/** Undefined when the map is none of these, or this kernel does not let us look. */
export function openOutput(bpf: Bpf, fd: number, def: MapDef): OutputReader | undefined {
  switch (def.type) {
    case MapTypeId.RINGBUF:
      return openRing(bpf, fd, def.maxEntries);
    case MapTypeId.QUEUE:
      return openQueue(bpf, fd, def, (values) => values);
    case MapTypeId.STACK:
      return openQueue(bpf, fd, def, (values) => values.toReversed());
    default:
      return undefined;
  }
}

/**
 * struct bpf_ringbuf_hdr: length with two flags, then the place of the page; records are rounded up to 8
 * bytes.
 */
const HEADER = 8;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;

function openRing(bpf: Bpf, fd: number, size: number): OutputReader | undefined {
  const consumer = bpf.mmap(fd, PAGE);
  if (typeof consumer === 'number') return undefined;
  const producer = bpf.mmap(fd, PAGE + 2 * size, { offset: PAGE, readOnly: true });
  if (typeof producer === 'number') {
    consumer.unmap();
    return undefined;
  }
  const view = (m: Mapping): DataView => new DataView(m.bytes.buffer, m.bytes.byteOffset, m.bytes.length);
  const [taken, given] = [view(consumer), view(producer)];
  return {
    reset: () => taken.setBigUint64(0, given.getBigUint64(0, true), true),
    read() {
      const end = given.getBigUint64(0, true);
      const records: Uint8Array[] = [];
      for (let at = taken.getBigUint64(0, true); at < end; ) {
        const place = PAGE + Number(at % BigInt(size));
        const header = given.getUint32(place, true);
        const length = header & ~(BUSY | DISCARDED);
        // A reserved record that nobody submits ends what a reader gets.
        if ((header & BUSY) !== 0) break;
        if ((header & DISCARDED) === 0)
          records.push(producer.bytes.slice(place + HEADER, place + HEADER + length));
        at += BigInt(round(length + HEADER, 8));
      }
      return records;
    },
    close() {
      consumer.unmap();
      producer.unmap();
    },
  };
}

/** @param order in which popped values were pushed */
function openQueue(
  bpf: Bpf,
  fd: number,
  { name, valueSize }: MapDef,
  order: (popped: Uint8Array[]) => Uint8Array[],
): OutputReader {
  const popAll = (): Uint8Array[] => {
    const values: Uint8Array[] = [];
    for (;;) {
      const value = new Uint8Array(valueSize);
      if (elem(bpf, Cmd.MAP_LOOKUP_DELETE, fd, null, value) < 0) return order(values);
      values.push(value);
    }
  };
  return {
    reset: () => void popAll(),
    read() {
      const values = popAll();
      for (const value of values) {
        const r = elem(bpf, Cmd.MAP_UPDATE, fd, null, value);
        if (r < 0) throw new BpfError(`put back into map ${name}`, r);
      }
      return values;
    },
    close: () => {},
  };
}
