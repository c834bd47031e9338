/** `.BTF.ext` of a rewritten object: function, line and CO-RE records follow their instructions. */
import { UserError } from '../../../base/errors.ts';
import { groupBy } from '../../../base/group-by.ts';
import { slotOffsets } from '../../../isa/flow.ts';
import { functionAround } from '../object.ts';
import type { ObjectFile, ObjectFunction } from '../object-types.ts';
import { type CodePlace, type LayoutPlan, type NewFunction, newOffset, type SectionPlan } from '../plan.ts';
import {
  type BtfExt,
  type ExtBlock,
  type ExtRecord,
  type ExtTable,
  TABLES,
  type TableName,
} from './btf-ext.ts';

/** Records of one function's instructions: the index in the function each belongs to, ascending. */
type Records = readonly { index: number; record: ExtRecord }[];

/** @throws UserError when two code sections share a name, so that records cannot be told apart */
export function moveRecords(ext: BtfExt, object: ObjectFile, plan: LayoutPlan): BtfExt {
  const byName = new Map<string, SectionPlan>();
  for (const s of plan.sections.values()) {
    if (byName.has(s.section.name))
      throw new UserError(`two sections are named ${s.section.name}.`, object.file, 'Rename one of them.');
    byName.set(s.section.name, s);
  }
  const nameOffsets = new Map<string, number>();
  for (const t of TABLES)
    for (const b of ext[t]?.blocks ?? []) nameOffsets.set(b.section, b.sectionNameOffset);

  const moved: BtfExt = { ...ext };
  for (const name of TABLES) {
    const table = ext[name];
    if (table === undefined) continue;
    const source = recordsByFunction(table, object);
    const blocks: ExtBlock[] = [];
    const seen = new Set<string>();
    for (const block of table.blocks) {
      const section = byName.get(block.section);
      if (section === undefined || !section.changed) blocks.push(block);
      else blocks.push({ ...block, records: sectionRecords(name, block, section, source) });
      seen.add(block.section);
    }
    // A function may have taken in instructions from a section with records, while its own had none.
    for (const [sectionName, section] of byName) {
      if (seen.has(sectionName) || !section.changed) continue;
      const sectionNameOffset = nameOffsets.get(sectionName);
      const none = { section: sectionName, sectionNameOffset: sectionNameOffset ?? 0, records: [] };
      const records = sectionRecords(name, none, section, source);
      if (records.length === 0) continue;
      if (sectionNameOffset === undefined && name === 'core')
        throw new Error(`${object.file}: no BTF name for section ${sectionName}`);
      if (sectionNameOffset !== undefined) blocks.push({ ...none, records });
    }
    moved[name] = { ...table, blocks };
  }
  return moved;
}

function recordsByFunction(table: ExtTable, object: ObjectFile): Map<ObjectFunction, Records> {
  const bySection = groupBy(object.functions, (f) => f.section.name);
  const result = new Map<ObjectFunction, { index: number; record: ExtRecord }[]>();
  const slots = new Map<ObjectFunction, Map<number, number>>();
  for (const block of table.blocks) {
    for (const record of block.records) {
      const f = functionAround(bySection.get(block.section) ?? [], record.insnOff);
      if (f === undefined) continue;
      let index = slots.get(f);
      if (index === undefined) {
        const offsets = [...slotOffsets(f.insns)].slice(0, -1);
        index = new Map(offsets.map((slot, i) => [f.start + slot * 8, i]));
        slots.set(f, index);
      }
      const i = index.get(record.insnOff);
      if (i === undefined) continue;
      const list = result.get(f);
      if (list === undefined) result.set(f, [{ index: i, record }]);
      else list.push({ index: i, record });
    }
  }
  for (const list of result.values()) list.sort((a, b) => a.index - b.index);
  return result;
}

/** The section's records in ascending order. */
function sectionRecords(
  table: TableName,
  block: ExtBlock,
  section: SectionPlan,
  source: ReadonlyMap<ObjectFunction, Records>,
): ExtRecord[] {
  const bodies = section.pieces.flatMap((p) => (p.f?.body === undefined && p.f?.copy !== true ? [] : [p]));
  const rewritten = (offset: number): boolean =>
    bodies.some((p) => offset >= p.oldStart && offset < p.oldEnd);
  const records = block.records
    .filter((r) => !rewritten(r.insnOff))
    .map((r) => ({ ...r, insnOff: newOffset(section, r.insnOff) }));
  for (const { f } of bodies) records.push(...bodyRecords(table, f as NewFunction, source));
  return records.sort((a, b) => a.insnOff - b.insnOff);
}

function bodyRecords(
  table: TableName,
  f: NewFunction,
  source: ReadonlyMap<ObjectFunction, Records>,
): ExtRecord[] {
  const body = f.body;
  if (body === undefined) throw new Error(`${f.name}: a copy needs a body`);
  const at = (i: number): number => f.start + body.slots[i]! * 8;
  if (table === 'func') {
    const own = (source.get(f.source) ?? []).find((r) => r.index === 0);
    return own === undefined ? [] : [{ ...own.record, insnOff: f.start }];
  }
  if (table === 'core')
    return body.origin.flatMap((p, i) =>
      p === undefined
        ? []
        : (source.get(p.f) ?? [])
            .filter((r) => r.index === p.index)
            .map(({ record }) => ({ ...record, insnOff: at(i) })),
    );
  return lineRecords(body.origin, f.source, source).map(({ index, record }) => ({
    ...record,
    insnOff: at(index),
  }));
}

/**
 * A new instruction has the line of the one before it. The kernel wants a record at the start of each
 * function and ascending offsets; we also leave out what repeats the record before.
 */
function lineRecords(
  origin: readonly (CodePlace | undefined)[],
  f: ObjectFunction,
  source: ReadonlyMap<ObjectFunction, Records>,
): Records {
  const governing = (p: CodePlace): ExtRecord | undefined => {
    const records = source.get(p.f) ?? [];
    let low = 0;
    let high = records.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (records[mid]!.index <= p.index) low = mid + 1;
      else high = mid;
    }
    return records[low - 1]?.record;
  };
  const first = source.get(f)?.[0]?.record;
  const result: { index: number; record: ExtRecord }[] = [];
  let current: ExtRecord | undefined;
  origin.forEach((p, index) => {
    const record = (p === undefined ? undefined : governing(p)) ?? current ?? first;
    if (record === undefined || record === current) return;
    current = record;
    result.push({ index, record });
  });
  return result;
}
