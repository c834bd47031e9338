/**
 * A kernel in an emulator that makes system calls for us.
 *
 *   image --boot--> Guest;   calls (numbers, arguments), bytes in shared memory --run--> results, bytes
 *
 * A call's pointers are addresses of the shared memory as the guest sees it: `place` bytes there, `fetch`
 * them back.
 */
import { agentExecutable, SHARED_ADDRESS, SHARED_SLOT } from './agent.ts';
import { decodeResults, encodeTable, Sys, type SystemCall } from './calls.ts';
import { cpio } from './cpio.ts';
import { Emulator } from './emulator.ts';

export const SHARED_BYTES = 64 * 1024 * 1024;
/** The table of calls comes first; everything behind it is free for their data. */
const TABLE_LIMIT = 64 * 1024;
const ALIGNMENT = 16;
const FILE_CHUNK = 1024 * 1024;
const AT_FDCWD = -100;
const TTY_MAJOR = 4;
const TTY_S1_MINOR = 65;

export type Booted = { ok: true; guest: Guest } | { ok: false; reason: string };

export class Guest {
  readonly #emulator: Emulator;
  #top = TABLE_LIMIT;
  /** As uname(2) has it: `6.1.0-56-cloud-amd64`. */
  readonly kernelRelease: string;

  private constructor(emulator: Emulator) {
    this.#emulator = emulator;
    this.kernelRelease = unameRelease(this);
  }

  static boot(kernel: string): Booted {
    const initramfs = cpio([
      ...['dev', 'sys', 'mnt'].map((path) => ({ kind: 'folder', path }) as const),
      { kind: 'device', path: 'dev/ttyS1', major: TTY_MAJOR, minor: TTY_S1_MINOR },
      { kind: 'file', path: 'init', mode: 0o755, bytes: agentExecutable(SHARED_BYTES) },
    ]);
    const started = Emulator.start({ kernel, initramfs, sharedBytes: SHARED_BYTES, sharedSlot: SHARED_SLOT });
    if (!started.ok) return started;
    return { ok: true, guest: new Guest(started.emulator) };
  }

  /** Where the next bytes are placed; `release` of it forgets everything that was placed since. */
  mark(): number {
    return this.#top;
  }
  release(mark: number): void {
    this.#top = mark;
  }

  /** Room for `length` bytes; its address in the guest. Throws when the shared memory is full. */
  reserve(length: number): bigint {
    const at = this.#top;
    if (at + length > SHARED_BYTES)
      throw new RangeError(`${length} bytes do not fit into the guest's memory`);
    this.#top = (at + length + ALIGNMENT - 1) & -ALIGNMENT;
    return SHARED_ADDRESS + BigInt(at);
  }

  /** Copies bytes into the shared memory; their address in the guest. */
  place(bytes: Uint8Array): bigint {
    const address = this.reserve(bytes.length);
    this.put(address, bytes);
    return address;
  }

  put(address: bigint, bytes: Uint8Array): void {
    this.#emulator.write(Number(address - SHARED_ADDRESS), bytes);
  }

  fetch(address: bigint, into: Uint8Array): void {
    this.#emulator.read(Number(address - SHARED_ADDRESS), into);
  }

  /** Makes the calls, in order, whatever each of them returns. Throws `GuestLost` when the guest is gone. */
  run(calls: readonly SystemCall[]): number[] {
    const table = encodeTable(calls);
    if (table.length > TABLE_LIMIT) throw new RangeError(`${calls.length} calls at once`);
    this.#emulator.write(0, table);
    const problem = this.#emulator.exchange();
    if (problem !== undefined) throw new GuestLost(problem);
    this.#emulator.read(0, table);
    return decodeResults(table);
  }

  /** A file of the guest, whole; undefined when it cannot be opened. What was placed stays where it is. */
  readFile(path: string): Uint8Array | undefined {
    const mark = this.mark();
    try {
      const name = this.place(new TextEncoder().encode(`${path}\0`));
      const [fd = -1] = this.run([{ number: Sys.openat, args: [AT_FDCWD, name, 0] }]);
      if (fd < 0) return undefined;
      const room = this.reserve(FILE_CHUNK);
      const parts: Uint8Array[] = [];
      for (;;) {
        const [n = 0] = this.run([{ number: Sys.read, args: [fd, room, FILE_CHUNK] }]);
        if (n <= 0) break;
        const part = new Uint8Array(n);
        this.fetch(room, part);
        parts.push(part);
      }
      this.run([{ number: Sys.close, args: [fd] }]);
      return Buffer.concat(parts);
    } finally {
      this.release(mark);
    }
  }

  get isRunning(): boolean {
    return this.#emulator.isRunning;
  }

  close(): void {
    this.#emulator.stop();
  }
}

/** The guest crashed, hangs or was stopped: says nothing about the program that was asked about. */
export class GuestLost extends Error {
  constructor(why: string) {
    super(`the guest kernel is gone: ${why}`);
    this.name = 'GuestLost';
  }
}

const UTSNAME_FIELD = 65;

function unameRelease(guest: Guest): string {
  const names = new Uint8Array(UTSNAME_FIELD * 6);
  const mark = guest.mark();
  const at = guest.place(names);
  guest.run([{ number: Sys.uname, args: [at] }]);
  guest.fetch(at, names);
  guest.release(mark);
  const field = names.subarray(2 * UTSNAME_FIELD, 3 * UTSNAME_FIELD);
  return new TextDecoder().decode(field.subarray(0, field.indexOf(0)));
}
