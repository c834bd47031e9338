/**
 * Section `.BTF.ext`: three tables of records about instructions, each grouped by code section.
 *
 *     header { magic 0xeb9f, version, flags, hdr_len, func_info off+len, line_info off+len, core_relo off+len
 *       }
 *     table  { rec_size, { sec_name_off, num_info, records[num_info] } ... }
 *
 * Every record starts with the byte offset of its instruction in the section; the rest of it is kept as it
 * is.
 */
import type { ByteOrder } from '../../../isa/codec.ts';
import type { StringTable } from '../container/reader.ts';
import { ByteReader } from '../container/reader.ts';

export const TABLES = ['func', 'line', 'core'] as const;
export type TableName = (typeof TABLES)[number];

export interface ExtRecord {
  /** Byte offset of the instruction in its section. */
  insnOff: number;
  /** The record's bytes after `insn_off`. */
  rest: Uint8Array;
}

export interface ExtBlock {
  section: string;
  sectionNameOffset: number;
  records: ExtRecord[];
}

export interface ExtTable {
  recordSize: number;
  blocks: ExtBlock[];
}

export interface BtfExt {
  version: number;
  flags: number;
  /** Bytes of the header: 24, or 32 since there is core_relo. */
  headerSize: 24 | 32;
  /** Absent when the header has no place for the table, or its length is 0. */
  func?: ExtTable;
  line?: ExtTable;
  core?: ExtTable;
}

/**
 * Smallest record of each table: insn_off + type_id; + file, line, line:col; + type_id, access string, kind.
 */
const MIN_RECORD: Readonly<Record<TableName, number>> = { func: 8, line: 16, core: 16 };

export function parseBtfExt(
  bytes: Uint8Array,
  strings: StringTable,
  file: string,
  order: ByteOrder = 'little',
): BtfExt {
  const r = new ByteReader(bytes, file, '.BTF.ext', order);
  if (r.u16(0, 'the magic number') !== 0xeb9f) throw r.fail('no BTF magic number', 0);
  const header = r.u32(4, 'the header length');
  const ext: BtfExt = {
    version: r.u8(2, 'the version'),
    flags: r.u8(3, 'the flags'),
    headerSize: header < 32 ? 24 : 32,
  };
  TABLES.forEach((name, i) => {
    const place = 8 + i * 8;
    if (place + 8 > header) return;
    const start = header + r.u32(place, 'the header');
    const length = r.u32(place + 4, 'the header');
    if (length > 0) ext[name] = parseTable(r, start, length, name, strings);
  });
  return ext;
}

function parseTable(
  r: ByteReader,
  start: number,
  length: number,
  name: TableName,
  strings: StringTable,
): ExtTable {
  const what = `the ${name} records`;
  r.need(start, length, what);
  const end = start + length;
  const recordSize = r.u32(start, what);
  if (recordSize < MIN_RECORD[name] || recordSize % 4 !== 0)
    throw r.fail(`${name} records of ${recordSize} bytes`, start);
  const blocks: ExtBlock[] = [];
  for (let at = start + 4; at < end; ) {
    const sectionNameOffset = r.u32(at, what);
    const count = r.u32(at + 4, what);
    const size = count * recordSize;
    if (at + 8 + size > end) throw r.fail(`${count} ${name} records do not fit in their table`, at + 4);
    const records: ExtRecord[] = [];
    for (let p = at + 8; p < at + 8 + size; p += recordSize)
      records.push({ insnOff: r.u32(p, what), rest: r.slice(p + 4, recordSize - 4, what) });
    blocks.push({ section: strings.at(sectionNameOffset), sectionNameOffset, records });
    at += 8 + size;
  }
  return { recordSize, blocks };
}

/** Where a record landed, for the relocation of its `insn_off`. */
export interface PlacedRecord {
  section: string;
  /** Byte offset of `insn_off` in the section `.BTF.ext`. */
  offset: number;
}

function tableSize(table: ExtTable | undefined): number {
  if (table === undefined) return 0;
  const blocks = table.blocks.filter((b) => b.records.length > 0);
  return blocks.reduce((sum, b) => sum + 8 + b.records.length * table.recordSize, 4);
}

/**
 * The section's bytes, and where each record stands. Blocks without records are left out, as libbpf demands.
 */
export function encodeBtfExt(ext: BtfExt): { bytes: Uint8Array; placed: PlacedRecord[] } {
  const header = ext.headerSize;
  const tables = TABLES.map((name) => ({ name, table: ext[name] }));
  const sizes = tables.map(({ table }) => tableSize(table));
  const bytes = new Uint8Array(header + sizes.reduce((a, b) => a + b, 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, ext.version);
  view.setUint8(3, ext.flags);
  view.setUint32(4, header, true);
  const placed: PlacedRecord[] = [];
  let start = 0;
  tables.forEach(({ table }, i) => {
    if (8 + i * 8 < header) {
      view.setUint32(8 + i * 8, start, true);
      view.setUint32(12 + i * 8, sizes[i]!, true);
    }
    if (table === undefined) return;
    let at = header + start;
    view.setUint32(at, table.recordSize, true);
    at += 4;
    for (const block of table.blocks) {
      if (block.records.length === 0) continue;
      view.setUint32(at, block.sectionNameOffset, true);
      view.setUint32(at + 4, block.records.length, true);
      at += 8;
      for (const record of block.records) {
        placed.push({ section: block.section, offset: at });
        view.setUint32(at, record.insnOff, true);
        bytes.set(record.rest, at + 4);
        at += table.recordSize;
      }
    }
    start += sizes[i]!;
  });
  return { bytes, placed };
}
