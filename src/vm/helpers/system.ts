/**
 * Helpers about time, chance, the current task and memory outside the program. What they see follows from the
 * seed: addresses outside the simulated memory hold bytes that depend on the address.
 */
import { Helper } from '../../program/tables/helpers.ts';
import { HEAD, NULL_PAGE, SHADOW } from '../memory/layout.ts';
import { Errno } from './errno.ts';
import type { Done, HelperCall, HelperModels } from './helper-call.ts';

/** Nanoseconds: starts anywhere in the first 12 days of uptime, advances by up to 4 us a call. */
function clock(k: HelperCall): bigint {
  const start = BigInt(k.hash(1)) * 256_000n + 1_000_000_000n;
  const step = BigInt(200 + (k.hash(2) & 0xfff));
  return start + step * BigInt(k.arena.count(HEAD.CLOCK));
}

const COMM = 'k2-simulated';

function currentComm(k: HelperCall): Done {
  const size = k.lo(2);
  const p = k.write(1, size);
  for (let i = 0; i < size; i++) k.arena.bytes[p + i] = i < size - 1 ? COMM.charCodeAt(i) || 0 : 0;
  return k.ret(size === 0 ? -Errno.EINVAL : 0);
}

/** Linear address of one readable byte at a simulated address plus `i`, or -1. */
function inside(k: HelperCall, lo: number, hi: number, i: number): number {
  const p = k.arena.locate(lo + i, hi);
  return p >= 0 && k.arena.has(p, 1, SHADOW.READ) ? p : -1;
}

function foreignByte(k: HelperCall, lo: number, hi: number, i: number): number {
  const p = inside(k, lo, hi, i);
  return p >= 0 ? k.arena.bytes[p]! : k.hash(3, hi, (lo + i) | 0) & 0xff;
}

const isNull = (lo: number, hi: number): boolean => hi === 0 && lo < NULL_PAGE;

/** probe_read(dst, size, address): bytes of any memory; the page at 0 is never there. */
function probeRead(k: HelperCall): Done {
  const size = k.lo(2);
  const [lo, hi] = [k.lo(3), k.hi(3)];
  const p = k.write(1, size);
  if (isNull(lo, hi)) {
    k.arena.bytes.fill(0, p, p + size);
    return k.ret(-Errno.EFAULT);
  }
  const bytes = Uint8Array.from({ length: size }, (_, i) => foreignByte(k, lo, hi, i));
  k.arena.bytes.set(bytes, p);
  return k.ret(0);
}

/** probe_read_str(dst, size, address): up to size - 1 bytes and a 0; gives the length with the 0. */
function probeReadStr(k: HelperCall): Done {
  const size = k.lo(2);
  const [lo, hi] = [k.lo(3), k.hi(3)];
  const p = k.write(1, size);
  if (isNull(lo, hi)) {
    k.arena.bytes.fill(0, p, p + size);
    return k.ret(-Errno.EFAULT);
  }
  const text: number[] = [];
  const length = k.hash(4, hi, lo) % 24;
  for (let i = 0; i < size - 1; i++) {
    const known = inside(k, lo, hi, i);
    const byte =
      known >= 0 ? k.arena.bytes[known]! : i < length ? 0x61 + (foreignByte(k, lo, hi, i) % 26) : 0;
    if (byte === 0) break;
    text.push(byte);
  }
  if (size > 0) k.arena.bytes.set([...text, 0], p);
  return k.ret(size === 0 ? 0 : text.length + 1);
}

export const SYSTEM_MODELS: HelperModels = {
  [Helper.probe_read]: probeRead,
  [Helper.ktime_get_ns]: (k) => k.ret64(clock(k)),
  [Helper.get_prandom_u32]: (k) => k.ret(k.hash(5, k.arena.count(HEAD.DRAWS))),
  [Helper.get_smp_processor_id]: (k) => k.ret(k.cpu),
  [Helper.get_current_pid_tgid]: (k) =>
    k.ret64((BigInt(1 + (k.hash(6) & 0x7fff)) << 32n) | BigInt(1 + (k.hash(7) & 0x7fff))),
  [Helper.get_current_uid_gid]: (k) =>
    k.ret64((BigInt(k.hash(8) & 0x3ff) << 32n) | BigInt(k.hash(9) & 0x3ff)),
  [Helper.get_current_comm]: currentComm,
  [Helper.get_numa_node_id]: (k) => k.ret(0),
  [Helper.probe_read_str]: probeReadStr,
  [Helper.probe_read_user]: probeRead,
  [Helper.probe_read_kernel]: probeRead,
  [Helper.probe_read_user_str]: probeReadStr,
  [Helper.probe_read_kernel_str]: probeReadStr,
  [Helper.ktime_get_boot_ns]: (k) => k.ret64(clock(k)),
  [Helper.ktime_get_coarse_ns]: (k) => k.ret64(clock(k)),
  [Helper.ktime_get_tai_ns]: (k) => k.ret64(clock(k)),
};
