/** The text files beside raw instructions: `.maps` and `.desc`. */
import { UserError } from '../../base/errors.ts';
import type { MapDef } from '../program.ts';
import { mapType } from '../tables/maps.ts';

/** A map as its line has it: `ld_imm64` names it by `fd`. */
export type RawMap = MapDef & { fd: number };

/** `.desc`: what r1 is (0 constant, 1 bytes, 2 xdp_md, 3 __sk_buff) and how many bytes K2 gave it. */
export interface RawDesc {
  pgm_input_type?: number;
  max_pkt_sz?: number;
}

const KEYS = ['type', 'key_size', 'value_size', 'max_entries', 'fd'] as const;
const MAX_U32 = 0xffff_ffff;
const MAP_LINE = 'A line reads: name { type = 1, key_size = 4, value_size = 8, max_entries = 16, fd = 0 }';
const DESC_LINE = 'A line reads: { pgm_input_type = 2, }';

/**
 * One map per line, in the file's order; the closing brace may be missing. Flags that the kernel demands for
 * the type are set.
 * @throws UserError naming file and line
 */
export function parseMaps(text: string, file: string): RawMap[] {
  const maps: RawMap[] = [];
  for (const [line, content] of linesOf(text)) {
    const fail = (what: string) => new UserError(what, `${file}, line ${line}`, MAP_LINE);
    const m = /^([^\s{}]+)\s*\{([^{}]*)\}?$/.exec(content);
    if (m === null) throw fail('this is no map');
    const values = parsePairs(m[2]!, fail);
    const [type, keySize, valueSize, maxEntries, fd] = KEYS.map((key) => {
      const value = values.get(key);
      if (value === undefined) throw fail(`${key} is missing`);
      return value;
    }) as [number, number, number, number, number];
    for (const key of values.keys())
      if (!(KEYS as readonly string[]).includes(key)) throw fail(`unknown ${key}`);
    const clash = maps.find((other) => other.fd === fd || other.name === m[1]);
    if (clash !== undefined) throw fail(`same name or fd as map ${clash.name}`);
    const flags = mapType(type)?.requiredFlags ?? 0;
    maps.push({ name: m[1]!, type, keySize, valueSize, maxEntries, flags, fd });
  }
  return maps;
}

/**
 * Keys that K2 did not use are skipped.
 * @throws UserError naming file and line
 */
export function parseDesc(text: string, file: string): RawDesc {
  const desc: RawDesc = {};
  for (const [line, content] of linesOf(text)) {
    const fail = (what: string) => new UserError(what, `${file}, line ${line}`, DESC_LINE);
    const m = /^\{([^{}]*)\}?$/.exec(content);
    if (m === null) throw fail('this is no property');
    for (const [key, value] of parsePairs(m[1]!, fail))
      if (key === 'pgm_input_type' || key === 'max_pkt_sz') desc[key] = value;
  }
  return desc;
}

function* linesOf(text: string): Generator<[number, string]> {
  for (const [index, line] of text.split(/\r?\n/).entries())
    if (line.trim() !== '') yield [index + 1, line.trim()];
}

function parsePairs(text: string, fail: (what: string) => UserError): Map<string, number> {
  const pairs = new Map<string, number>();
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const m = /^\s*(\w+)\s*=\s*(\d+)\s*$/.exec(part);
    if (m === null) throw fail(`"${part.trim().slice(0, 40)}" is not KEY = NUMBER`);
    const value = Number(m[2]);
    if (value > MAX_U32) throw fail(`${m[1]} does not fit in 32 bits`);
    if (pairs.has(m[1]!)) throw fail(`${m[1]} is given twice`);
    pairs.set(m[1]!, value);
  }
  return pairs;
}

/** One line per map; `fd` is the position. */
export function printMaps(maps: readonly MapDef[]): string {
  return maps
    .map(
      (m, fd) =>
        `${m.name} { type = ${m.type}, key_size = ${m.keySize}, value_size = ${m.valueSize}, ` +
        `max_entries = ${m.maxEntries}, fd = ${fd} }\n`,
    )
    .join('');
}

export function printDesc(desc: RawDesc): string {
  return Object.entries(desc)
    .map(([key, value]) => `{ ${key} = ${value}, }\n`)
    .join('');
}
