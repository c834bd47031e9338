/** K2's six proposal rules, and ours: each turns one candidate window into a neighbour. */

import type { Rng } from '../../base/random.ts';
import { type Insn, insn, isNop, nop, OP_EXIT, OP_JA } from '../../isa/insn.ts';
import { isShift, type OpSpec, specOf } from '../../isa/semantics.ts';
import type { Edit } from '../edit.ts';
import { proposeIdiom } from './macro-moves.ts';
import type { Pools } from './pools.ts';
import type { ChainSettings, RuleWeights } from './settings.ts';

export interface Proposal {
  rule: keyof RuleWeights;
  /** New instructions by position; no position twice. */
  edits: readonly Edit[];
}

const RULES: readonly (keyof RuleWeights)[] = ['ir', 'or', 'nr', 'me1', 'me2', 'cir', 'idiom'];

/** Of new instructions in windows with branches, how many are jumps. */
const JUMP_SHARE = 0.15;

/**
 * A random instruction from the pools: the row first, then its operands. `at`: its position among `length`.
 */
export function randomInsn(rng: Rng, pools: Pools, at = 0, length = 0): Insn {
  if (pools.jumps.length > 0 && rng.chance(JUMP_SHARE)) return randomJump(rng, pools, at, length);
  if (pools.wide.length > 0 && rng.chance(0.05))
    return { ...rng.pick(pools.wide), dst: rng.pick(pools.writable) };
  return fill(rng.pick(pools.rows), rng, pools);
}

function fill(row: OpSpec, rng: Rng, pools: Pools): Insn {
  const [off, imm] = [row.off ?? 0, row.imm ?? 0];
  switch (row.kind) {
    case 'alu': {
      const dst = rng.pick(pools.writable);
      if (row.operand === 'X') return insn(row.op, dst, rng.pick(pools.readable), off, 0);
      if (row.operand === 'none') return insn(row.op, dst, 0, off, imm);
      return insn(row.op, dst, 0, off, aluConstant(row, rng, pools));
    }
    case 'load': {
      const address = rng.pick(pools.addresses);
      return insn(row.op, rng.pick(pools.writable), address.base, address.off, imm);
    }
    case 'store': {
      const address = rng.pick(pools.addresses);
      return row.operand === 'X'
        ? insn(row.op, address.base, rng.pick(pools.readable), address.off, imm)
        : insn(row.op, address.base, 0, address.off, rng.pick(pools.constants));
    }
    case 'atomic': {
      const address = rng.pick(pools.addresses);
      return insn(row.op, address.base, rng.pick(pools.readable), address.off, imm);
    }
    default:
      throw new Error(`the pools hold a row that cannot be proposed: ${row.name}`);
  }
}

function randomJump(rng: Rng, pools: Pools, at: number, length: number): Insn {
  if (pools.exits && rng.chance(0.1)) return insn(OP_EXIT);
  const off = randomDistance(rng, pools, at, length);
  if (rng.chance(0.2)) return insn(OP_JA, 0, 0, off);
  const row = rng.pick(pools.jumps);
  return row.operand === 'X'
    ? insn(row.op, rng.pick(pools.readable), rng.pick(pools.readable), off, 0)
    : insn(row.op, rng.pick(pools.readable), 0, off, rng.pick(pools.constants));
}

/** To any later position, the end, or a place outside. */
function randomDistance(rng: Rng, pools: Pools, at: number, length: number): number {
  return rng.below(length + 1 + pools.places - (at + 1));
}

function aluConstant(row: OpSpec & { kind: 'alu' }, rng: Rng, pools: Pools): number {
  if (!isShift(row.mnemonic)) return rng.pick(pools.constants);
  return rng.chance(0.7) ? 8 * (1 + rng.below(row.width / 8 - 1)) : rng.below(row.width);
}

/** Redraws one operand of an instruction, keeping its opcode. */
function replaceOperand(i: Insn, spec: OpSpec, rng: Rng, pools: Pools, at: number, length: number): Insn {
  switch (spec.kind) {
    case 'alu':
      if (spec.operand === 'none' || rng.chance(0.5)) return { ...i, dst: rng.pick(pools.writable) };
      if (spec.operand === 'X') return { ...i, src: rng.pick(pools.readable) };
      return { ...i, imm: aluConstant(spec, rng, pools) };
    case 'load':
      if (rng.chance(0.5)) return { ...i, dst: rng.pick(pools.writable) };
      return withAddress(i, 'src', rng, pools);
    case 'store':
      if (rng.chance(0.5)) return withAddress(i, 'dst', rng, pools);
      return spec.operand === 'X'
        ? { ...i, src: rng.pick(pools.readable) }
        : { ...i, imm: rng.pick(pools.constants) };
    case 'atomic':
      return rng.chance(0.5) ? withAddress(i, 'dst', rng, pools) : { ...i, src: rng.pick(pools.readable) };
    case 'ldimm64':
      return { ...i, dst: rng.pick(pools.writable) };
    case 'goto':
      return { ...i, off: randomDistance(rng, pools, at, length) };
    case 'jump':
      if (rng.chance(0.3)) return { ...i, off: randomDistance(rng, pools, at, length) };
      if (rng.chance(0.3)) {
        // Another condition on the same operands.
        const rows = pools.jumps.filter((row) => row.operand === spec.operand);
        return rows.length === 0 ? i : { ...i, op: rng.pick(rows).op };
      }
      if (rng.chance(0.5)) return { ...i, dst: rng.pick(pools.readable) };
      return spec.operand === 'X'
        ? { ...i, src: rng.pick(pools.readable) }
        : { ...i, imm: rng.pick(pools.constants) };
    default:
      return i;
  }
}

function withAddress(i: Insn, register: 'dst' | 'src', rng: Rng, pools: Pools): Insn {
  if (pools.addresses.length === 0) return i;
  const address = rng.pick(pools.addresses);
  return { ...i, [register]: address.base, off: address.off };
}

/** Another width for a load or store at the same address; with `value`, another value operand too. */
function exchangeMemory(i: Insn, spec: OpSpec, rng: Rng, pools: Pools, value: boolean): Insn {
  const same = pools.rows.filter((row) =>
    spec.kind === 'load' ? row.kind === 'load' : row.kind === 'store' && (value || sameOperand(row, spec)),
  );
  if (same.length === 0) return i;
  const row = rng.pick(same);
  if (row.kind === 'load') return { ...i, op: row.op, dst: value ? rng.pick(pools.writable) : i.dst };
  if (row.kind !== 'store') return i;
  if (!value) return { ...i, op: row.op };
  return row.operand === 'X'
    ? { ...i, op: row.op, src: rng.pick(pools.readable), imm: 0 }
    : { ...i, op: row.op, src: 0, imm: rng.pick(pools.constants) };
}

function sameOperand(row: OpSpec, spec: OpSpec): boolean {
  return row.kind === 'store' && spec.kind === 'store' && row.operand === spec.operand;
}

const weights = new WeakMap<ChainSettings, readonly number[]>();

function weightsOf(settings: ChainSettings): readonly number[] {
  let known = weights.get(settings);
  if (known === undefined) weights.set(settings, (known = RULES.map((r) => settings.rules[r])));
  return known;
}

/**
 * Draws a rule by its weight and applies it at a random position. Returns undefined when the rule has nothing
 * to do there (an operand of a NOP, the width of an addition): the step is spent, as in K2.
 *
 * @param frozen positions that must stay as they are
 */
export function propose(
  window: readonly Insn[],
  frozen: ReadonlySet<number>,
  settings: ChainSettings,
  pools: Pools,
  rng: Rng,
): Proposal | undefined {
  const rule = RULES[rng.weighted(weightsOf(settings))] as keyof RuleWeights;
  const at = rng.below(window.length);
  if (frozen.has(at)) return undefined;
  const current = window[at] as Insn;
  const spec = specOf(current);
  const one = (i: Insn): Proposal => ({ rule, edits: [{ at, insn: i }] });
  switch (rule) {
    case 'ir':
      return one(randomInsn(rng, pools, at, window.length));
    case 'nr':
      return isNop(current) ? undefined : one(nop());
    case 'or':
      return spec === undefined || isNop(current)
        ? undefined
        : one(replaceOperand(current, spec, rng, pools, at, window.length));
    case 'me1':
    case 'me2':
      if (spec?.kind !== 'load' && spec?.kind !== 'store') return undefined;
      return one(exchangeMemory(current, spec, rng, pools, rule === 'me1'));
    case 'cir': {
      const edits: Edit[] = [];
      for (let p = at; p < Math.min(window.length, at + settings.contiguous) && !frozen.has(p); p++)
        edits.push({ at: p, insn: randomInsn(rng, pools, p, window.length) });
      return { rule, edits };
    }
    case 'idiom': {
      const edits = new Map((proposeIdiom(window, rng, pools) ?? []).map((e) => [e.at, e]));
      if (edits.size === 0 || [...edits.keys()].some((p) => frozen.has(p))) return undefined;
      return { rule, edits: [...edits.values()] };
    }
  }
}
