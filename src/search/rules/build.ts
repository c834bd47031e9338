/**
 * The instructions that a rule's target stands for at a place where its source fits.
 *
 *   Match, code --1 lines to instructions--> --2 jumps to where they went--> replacement
 *
 * Jumps in the result stand as in a replaced range (isa/edit.ts): within it, behind it relative to its end,
 * before it relative to its start.
 */
import { registersRead, registersWritten } from '../../isa/effects.ts';
import { indexOfSlot, referenceOf, slotOffsets } from '../../isa/flow.ts';
import { negated } from '../../isa/forms.ts';
import { type Insn, insn, OP_LD_IMM64 } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { readingElsewhere } from '../edit.ts';
import { type Expression, evaluate } from './expression.ts';
import type { Code, Match } from './match.ts';
import type { GapLine, InsnLine, Line } from './rule.ts';

/**
 * An instruction, and the place that it jumps to if it does: a position in the result, or a slot of the code.
 */
interface Item {
  i: Insn;
  to?: { position: number } | { slot: number };
}

/** Undefined where a number does not fit, or a jump would need what is not there. */
export function buildTarget(match: Match, code: Code): Insn[] | undefined {
  const items: Item[] = [];
  const places = new Map<string, number>();
  for (const line of match.form.target) {
    const made = line.kind === 'label' ? [] : itemsOf(line, match, code, items.length);
    if (made === undefined) return undefined;
    if (line.kind === 'label') places.set(line.name, items.length);
    items.push(...made);
  }
  return linked(items, places, match, code);
}

type Labelled = Item & { label?: string };

function itemsOf(
  line: Exclude<Line, { kind: 'label' }>,
  match: Match,
  code: Code,
  position: number,
): Labelled[] | undefined {
  switch (line.kind) {
    case 'insn': {
      const i = instantiated(line, match);
      return i && [{ i, label: line.label }];
    }
    case 'test': {
      const test = match.tests.get(line.name)!;
      const i = line.negated ? negated(test) : test;
      return i && [{ i, label: line.label }];
    }
    case 'gap':
      return gapItems(line, match, code, position);
  }
}

/** The line with its variables filled in. */
export function instantiated(
  line: InsnLine,
  { registers, constants }: Pick<Match, 'registers' | 'constants'>,
): Insn | undefined {
  const i: Insn = { ...line.insn };
  if (line.dst !== undefined) i.dst = registers.get(line.dst)!;
  if (line.src !== undefined) i.src = registers.get(line.src)!;
  const value = (e: Expression, low: bigint, high: bigint): number | undefined => {
    const v = evaluate(e, constants);
    return v === undefined || v < low || v > high ? undefined : Number(BigInt.asIntN(32, v));
  };
  const spec = specOf(i);
  const isNarrow = spec !== undefined && 'width' in spec && spec.width === 32;
  const numbers = {
    off: line.off && value(line.off, -0x8000n, 0x7fffn),
    imm: line.imm && value(line.imm, -0x8000_0000n, isNarrow ? 0xffff_ffffn : 0x7fff_ffffn),
    immHi: line.immHi && value(line.immHi, -0x8000_0000n, 0x7fff_ffffn),
  };
  for (const field of ['off', 'imm', 'immHi'] as const) {
    if (line[field] === undefined) continue;
    const n = numbers[field];
    if (n === undefined) return undefined;
    i[field] = n;
  }
  if (line.wide === undefined) return i;
  const wide = evaluate(line.wide, constants);
  if (wide === undefined) return undefined;
  const u = BigInt.asUintN(64, wide);
  return insn(
    OP_LD_IMM64,
    i.dst,
    i.src,
    0,
    Number(BigInt.asIntN(32, u)),
    Number(BigInt.asIntN(32, u >> 32n)),
  );
}

function gapItems(line: GapLine, match: Match, code: Code, position: number): Item[] | undefined {
  const gap = match.gaps.get(line.name)!;
  const { insns, offsets } = code;
  const items: Item[] = [];
  const of = line.reads && match.registers.get(line.reads.of)!;
  const instead = line.reads && match.registers.get(line.reads.instead)!;
  let holds = of !== undefined;
  for (let p = gap.start; p < gap.end; p++) {
    const old = insns[p]!;
    const i = holds ? readingElsewhere(old, of!, instead!) : old;
    const [reads, writes] = [registersRead(old), registersWritten(old)];
    // What it reads and writes in one field cannot be read elsewhere.
    if (of !== undefined && ((reads & writes) >> of) & 1) return undefined;
    if (of !== undefined && (writes >> of) & 1) holds = false;
    if (referenceOf(old)?.kind !== 'jump') {
      items.push({ i });
      continue;
    }
    if (referenceOf(old)!.field !== 'off') return undefined;
    const slot = offsets[p]! + 1 + old.off;
    const target = indexOfSlot(offsets, slot);
    if (target !== undefined && target >= gap.start && target <= gap.end)
      items.push({ i, to: { position: position + target - gap.start } });
    else items.push({ i, to: { slot } });
  }
  return items;
}

function linked(
  items: readonly Labelled[],
  places: ReadonlyMap<string, number>,
  match: Match,
  { offsets }: Code,
): Insn[] | undefined {
  const slots = slotOffsets(items.map(({ i }) => i));
  const [start, end] = [offsets[match.start]!, offsets[match.end]!];
  const result: Insn[] = [];
  for (const [at, { i, label, to }] of items.entries()) {
    const place = label === undefined ? to : placeOf(label, places, match);
    if (place === undefined) {
      result.push(i);
      continue;
    }
    let slot: number;
    if ('position' in place) slot = slots[place.position]!;
    else if (place.slot >= end) slot = slots[items.length]! + place.slot - end;
    else if (place.slot <= start) slot = place.slot - start;
    else return undefined;
    const off = slot - slots[at]! - 1;
    if (off !== (off << 16) >> 16) return undefined;
    result.push({ ...i, off });
  }
  return result;
}

function placeOf(label: string, places: ReadonlyMap<string, number>, { labels }: Match): Item['to'] {
  const position = places.get(label);
  return position === undefined ? { slot: labels.get(label)! } : { position };
}
