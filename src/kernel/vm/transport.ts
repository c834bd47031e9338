/**
 * bpf(2) of a guest kernel, behind the same interface as this machine's: a second transport, not a second
 * loader.
 *
 *   attr, buffers --copied into shared memory--> the guest's bpf(2) --copied back--> attr, buffers, result
 *
 * An address that `address` gave is good for the calls that follow, until the first `address` after a call:
 * then everything that was placed is forgotten. (All callers build an attribute and use it at once.)
 */
import type { Bpf } from '../syscall/syscall.ts';
import { Sys, type SystemCall } from './calls.ts';
import { type Guest, GuestLost } from './guest.ts';

const ENOSYS = 38;
const ENODEV = 19;
/** More than any `union bpf_attr`. */
const ATTR_BYTES = 512;

interface Placed {
  bytes: Uint8Array;
  at: bigint;
}

export function guestBpf(guest: Guest): Bpf {
  const attrAt = guest.reserve(ATTR_BYTES);
  const free = guest.mark();
  let placed: Placed[] = [];
  let isUsed = false;
  /** Descriptors that nobody uses any more; they are closed on the way of the next call. */
  let leftovers: SystemCall[] = [];

  const address = (bytes: Uint8Array): bigint => {
    if (isUsed) {
      guest.release(free);
      placed = [];
      isUsed = false;
    }
    const known = placed.find((p) => p.bytes === bytes);
    if (known !== undefined) return known.at;
    const at = guest.reserve(Math.max(bytes.length, 1));
    placed.push({ bytes, at });
    return at;
  };

  return {
    release: guest.kernelRelease,
    // One processor (emulator.ts).
    possibleCpus: () => 1,
    call(cmd, attr, size) {
      isUsed = true;
      if (!guest.isRunning) return -ENODEV;
      const buffers = [...placed, { bytes: attr.subarray(0, size), at: attrAt }];
      for (const p of buffers) guest.put(p.at, p.bytes);
      try {
        const results = guest.run([...leftovers, { number: Sys.bpf, args: [cmd, attrAt, size] }]);
        leftovers = [];
        for (const p of buffers) guest.fetch(p.at, p.bytes);
        return results.at(-1)!;
      } catch (e) {
        if (e instanceof GuestLost) return -ENODEV;
        throw e;
      }
    },
    address,
    close: (fd) => {
      leftovers.push({ number: Sys.close, args: [fd] });
    },
    readFile: (path) => (guest.isRunning ? guest.readFile(path) : undefined),
    mmap: () => -ENOSYS,
    setAffinity: () => 0,
    getAffinity: () => [0],
    unshareNetwork: () => -ENOSYS,
    enterNetwork: () => -ENOSYS,
  };
}
