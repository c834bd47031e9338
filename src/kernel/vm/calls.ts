/**
 * System calls as data: a table that the guest's agent works through, one entry after the other.
 *
 *   entry:  number  a0 a1 a2 a3 a4 a5  result        eight 64-bit words; a table ends with the number -1
 */

export const ENTRY_BYTES = 64;
export const RESULT_AT = 56;
export const END_OF_TABLE = -1;

/** System calls of x86-64 that are used here. */
export const Sys = {
  read: 0,
  write: 1,
  close: 3,
  mmap: 9,
  ioctl: 16,
  uname: 63,
  mount: 165,
  openat: 257,
  bpf: 321,
} as const;

export interface SystemCall {
  number: number;
  args: readonly (bigint | number)[];
}

/** Bytes of a table of `n` calls, with its end mark. */
export const tableBytes = (n: number): number => n * ENTRY_BYTES + 8;

export function encodeTable(calls: readonly SystemCall[]): Uint8Array {
  const bytes = new Uint8Array(tableBytes(calls.length));
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: bigint | number): void =>
    view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
  for (const [i, call] of calls.entries()) {
    put(i * ENTRY_BYTES, call.number);
    for (const [k, a] of call.args.entries()) put(i * ENTRY_BYTES + 8 + k * 8, a);
  }
  put(calls.length * ENTRY_BYTES, END_OF_TABLE);
  return bytes;
}

/** Results of the calls of a table, in order: values, or minus the errno. */
export function decodeResults(table: Uint8Array): number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const n = (table.length - 8) / ENTRY_BYTES;
  return Array.from({ length: n }, (_, i) => Number(view.getBigInt64(i * ENTRY_BYTES + RESULT_AT, true)));
}
