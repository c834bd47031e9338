/** Raw ELF reading for the tests, on its own: neither the builders' code nor the project's loader. */

const SHF_EXECINSTR = 4n;
const SHT_SYMTAB = 2;

export interface RawElf {
  /** Bytes of every executable section by name (a name may repeat: summed). */
  executable: Map<string, number>;
  /** Function symbols. */
  functions: { name: string; section: string; offset: number; size: number }[];
  /** The bytes of a function. */
  text: (name: string) => Buffer;
}

export function readRawElf(bytes: Buffer): RawElf {
  const table = Number(bytes.readBigUInt64LE(40));
  const count = bytes.readUInt16LE(60);
  const header = (i: number) => bytes.subarray(table + 64 * i, table + 64 * (i + 1));
  const offset = (i: number) => Number(header(i).readBigUInt64LE(24));
  const size = (i: number) => Number(header(i).readBigUInt64LE(32));
  const string = (at: number) => bytes.toString('latin1', at, bytes.indexOf(0, at));
  const name = (i: number) => string(offset(bytes.readUInt16LE(62)) + header(i).readUInt32LE(0));

  const executable = new Map<string, number>();
  const functions: RawElf['functions'] = [];
  const at = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    if (header(i).readBigUInt64LE(8) & SHF_EXECINSTR) {
      executable.set(name(i), (executable.get(name(i)) ?? 0) + size(i));
    }
    if (header(i).readUInt32LE(4) !== SHT_SYMTAB) continue;
    for (let s = offset(i); s < offset(i) + size(i); s += 24) {
      if ((bytes[s + 4]! & 15) !== 2) continue;
      const section = bytes.readUInt16LE(s + 6);
      const symbol = string(offset(header(i).readUInt32LE(40)) + bytes.readUInt32LE(s));
      const value = Number(bytes.readBigUInt64LE(s + 8));
      functions.push({
        name: symbol,
        section: name(section),
        offset: value,
        size: Number(bytes.readBigUInt64LE(s + 16)),
      });
      at.set(symbol, offset(section) + value);
    }
  }
  const text = (wanted: string) => {
    const f = functions.find((g) => g.name === wanted);
    if (!f) throw new Error(`no function ${wanted}`);
    const start = at.get(wanted)!;
    return bytes.subarray(start, start + f.size);
  };
  return { executable, functions, text };
}

/** Instructions in a text: ld_imm64 takes two slots. */
export function countInstructions(text: Buffer): number {
  let n = 0;
  for (let at = 0; at < text.length; at += text[at] === 0x18 ? 16 : 8) n++;
  return n;
}
