// SPDX-License-Identifier: MIT
/** BPF objects that lie inside other files (tools with embedded skeletons): { offset, bytes } of each. */
const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const EM_BPF = 247;
const SHT_NOBITS = 8;

export function carve(bytes) {
  const found = [];
  for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) {
    if (at + 64 > bytes.length || bytes.readUInt16LE(at + 18) !== EM_BPF) continue;
    const size = extent(bytes.subarray(at));
    if (size !== undefined) found.push({ offset: at, bytes: bytes.subarray(at, at + size) });
  }
  return found;
}

/** Bytes from the ELF header to the end of the last section or table; undefined when they do not fit. */
function extent(elf) {
  const table = Number(elf.readBigUInt64LE(40));
  const count = elf.readUInt16LE(60);
  let end = table + count * 64;
  if (count === 0 || end > elf.length) return undefined;
  for (let i = 0; i < count; i++) {
    const at = table + i * 64;
    if (elf.readUInt32LE(at + 4) === SHT_NOBITS) continue;
    end = Math.max(end, Number(elf.readBigUInt64LE(at + 24) + elf.readBigUInt64LE(at + 32)));
  }
  return end <= elf.length ? end : undefined;
}
