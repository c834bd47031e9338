/**
 * Internet checksums in the kernel's arithmetic (include/net/checksum.h). Words are in memory order,
 * little-endian.
 */

/**
 * Ones' complement sum of a 32-bit accumulator and the 32-bit words of `n` bytes, the last one filled up with
 * zeros. (Of 16-bit words it would be the same number, but all ones where the kernel has 0, or 0 for them.)
 */
export function partial(bytes: Uint8Array, p: number, n: number, sum: number): number {
  let total = sum;
  for (let i = 0; i < n; i++) total += bytes[p + i]! * 2 ** (8 * (i % 4));
  while (total > 0xffff_ffff) total = (total % 0x1_0000_0000) + Math.floor(total / 0x1_0000_0000);
  return total;
}

/** csum_fold: 32 bits to the complement of the 16-bit sum. */
export function fold(sum: number): number {
  let s = (sum & 0xffff) + (sum >>> 16);
  s = (s & 0xffff) + (s >>> 16);
  return ~s & 0xffff;
}

function add(a: number, b: number): number {
  const s = (a >>> 0) + (b >>> 0);
  return s > 0xffff_ffff ? (s + 1) >>> 0 : s;
}

/** csum_replace4 and csum_replace2: checksum `sum` after `from` became `to`. */
export function replaceWord(sum: number, from: number, to: number): number {
  return fold(add(add(~sum & 0xffff, ~from >>> 0), to));
}

/** csum_replace_by_diff: checksum `sum` after a change whose difference is known. */
export function replaceByDiff(sum: number, diff: number): number {
  return fold(add(diff, ~sum & 0xffff));
}
