/**
 * Idioms of windows with branches: what moves, negates, merges or drops jumps. Positions as in positions.ts.
 */

import type { Rng } from '../../base/random.ts';
import { registersRead, registersWritten } from '../../isa/effects.ts';
import { form, negated as negate, operandsSwapped } from '../../isa/forms.ts';
import { type Insn, insn, isNop, nop, OP_EXIT, OP_JA, sameInsn } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { type Edit, type Idiom, readingElsewhere, storedValue } from '../edit.ts';
import { MOV32_K, MOV64_K, MOV64_X } from '../opcodes.ts';
import { isEnd, jumpDistance } from './positions.ts';

function conditionals(window: readonly Insn[]): number[] {
  return window.flatMap((i, at) => (specOf(i)?.kind === 'jump' ? [at] : []));
}

const targetOf = (window: readonly Insn[], at: number): number => at + 1 + (jumpDistance(window[at]!) ?? 0);
const toward = (i: Insn, at: number, target: number): Insn => ({ ...i, off: target - at - 1 });

/** First position from `at` on that is no NOP; the length of the window when there is none. */
function skipNops(window: readonly Insn[], at: number): number {
  let p = at;
  while (p < window.length && isNop(window[p]!)) p++;
  return p;
}

function skipNopsBack(window: readonly Insn[], at: number): number {
  let p = at;
  while (p >= 0 && isNop(window[p]!)) p--;
  return p;
}

function pickFrom(rng: Rng, places: readonly number[]): number | undefined {
  return places.length === 0 ? undefined : rng.pick(places);
}

/** Where an instruction may go: near by, before the end of a branch, or anywhere. */
function destination(window: readonly Insn[], from: number, rng: Rng): number {
  const n = window.length;
  const choice = rng.unit();
  if (choice < 0.5) {
    const to = from + (rng.chance(0.5) ? 1 : -1) * (1 + rng.below(4));
    return Math.max(0, Math.min(n - 1, to));
  }
  if (choice > 0.85) return rng.below(n);
  const joints = window.flatMap((i, at) => {
    if (isEnd(i)) return [at];
    const off = jumpDistance(i) ?? 0;
    return off === 0 ? [] : [at, Math.min(n, at + 1 + off)];
  });
  const at = pickFrom(rng, joints);
  return at === undefined ? from : Math.max(0, from < at ? at - 1 : at);
}

/**
 * One instruction goes elsewhere. Jumps follow what they jump to; those that it passes, and that go to what
 * is behind its new place, may be caught by it.
 */
export const move: Idiom = (window, rng) => {
  const n = window.length;
  const from = rng.below(n);
  const to = destination(window, from, rng);
  if (from === to || isNop(window[from]!)) return undefined;
  const [stay, caught] = [rng.chance(0.5), rng.chance(0.5)];
  const moved = (p: number): number => {
    if (p === from) return to;
    if (from < to && p > from && p <= to) return p - 1;
    if (to < from && p >= to && p < from) return p + 1;
    return p;
  };
  // A jump to the moved instruction follows it, or goes to what was behind it.
  const follow = (p: number): number => (p === from && stay ? moved(Math.min(n, from + 1)) : moved(p));
  const edits: Edit[] = [];
  for (let at = 0; at < n; at++) {
    const i = window[at]!;
    const now = moved(at);
    const off = jumpDistance(i);
    let next = i;
    if (off !== undefined && off !== 0) {
      const target = at + 1 + off;
      let aim = target < n ? follow(target) : target;
      if (caught && skipNops(window, to + 1) === skipNops(window, Math.min(n, target)) && now < to) aim = to;
      if (aim <= now) return undefined;
      next = toward(i, now, aim);
    }
    if (now !== at || next.off !== i.off) edits.push({ at: now, insn: next });
  }
  return edits;
};

/** `r = A; if c goto +1; r = B` to `r = B; if !c goto +1; r = A`. */
const swapArms: Idiom = (window, rng) => {
  const at = pickFrom(rng, conditionals(window));
  if (at === undefined) return undefined;
  const other = skipNops(window, at + 1);
  const before = skipNopsBack(window, at - 1);
  const target = targetOf(window, at);
  if (before < 0 || other >= target || target > window.length || skipNops(window, other + 1) < target)
    return undefined;
  const negated = negate(window[at]!);
  if (negated === undefined) return undefined;
  const [a, b] = [window[before]!, window[other]!];
  if (jumpDistance(a) !== undefined || jumpDistance(b) !== undefined) return undefined;
  return [
    { at, insn: negated },
    { at: before, insn: b },
    { at: other, insn: a },
  ];
};

/** `if c goto +1; goto X` to `if !c goto X`. */
const dropGoto: Idiom = (window, rng) => {
  const at = pickFrom(rng, conditionals(window));
  if (at === undefined) return undefined;
  const jump = skipNops(window, at + 1);
  const target = targetOf(window, at);
  if (window[jump]?.op !== OP_JA || target > window.length || skipNops(window, jump + 1) < target)
    return undefined;
  const negated = negate(window[at]!);
  if (negated === undefined) return undefined;
  return [
    { at, insn: toward(negated, at, targetOf(window, jump)) },
    { at: jump, insn: nop() },
  ];
};

/** The register's constant, when the last write of it before `at` is a move of one. */
function constantOf(window: readonly Insn[], register: number, at: number): number | undefined {
  for (let p = at - 1; p >= 0; p--) {
    const i = window[p]!;
    if (((registersWritten(i) >> register) & 1) === 0) continue;
    return i.op === MOV64_K || (i.op === MOV32_K && i.imm >= 0) ? i.imm : undefined;
  }
  return undefined;
}

/** The instruction with a constant as its second operand, where there is such a form (movsx has none). */
function withConstant(i: Insn, at: number, dst: number, imm: number): Edit[] | undefined {
  const spec = specOf(i);
  const constant = spec && form(spec, { operand: 'K' });
  return constant && [{ at, insn: { ...i, op: constant.op, dst, src: 0, imm } }];
}

/** A register that holds a constant gives way to it: in comparisons, on either side, and in arithmetic. */
const foldConstant: Idiom = (window, rng) => {
  const places = window.flatMap((i, at) => {
    const spec = specOf(i);
    return (spec?.kind === 'jump' || spec?.kind === 'alu') && spec.operand === 'X' ? [at] : [];
  });
  const at = pickFrom(rng, places);
  if (at === undefined) return undefined;
  const i = window[at]!;
  const imm = constantOf(window, i.src, at);
  if (imm !== undefined) return withConstant(i, at, i.dst, imm);
  const swapped = operandsSwapped(i);
  const other = constantOf(window, i.dst, at);
  return swapped === undefined || other === undefined ? undefined : withConstant(swapped, at, i.src, other);
};

/** A jump to a jump goes on to where that one goes; a jump to `exit`, the end of a branch, becomes it. */
const thread: Idiom = (window, rng) => {
  const places = window.flatMap((i, at) => ((jumpDistance(i) ?? 0) !== 0 ? [at] : []));
  const at = pickFrom(rng, places);
  if (at === undefined) return undefined;
  const next = skipNops(window, Math.min(window.length, targetOf(window, at)));
  const there = window[next];
  if (there === undefined) return undefined;
  if (there.op === OP_JA) return [{ at, insn: toward(window[at]!, at, targetOf(window, next)) }];
  if (there.op === OP_EXIT && window[at]!.op === OP_JA) return [{ at, insn: insn(OP_EXIT) }];
  return undefined;
};

/** The same instruction before a `goto` (or `exit`) and before its target: the jump goes to the other one. */
const mergeTails: Idiom = (window, rng) => {
  const at = pickFrom(
    rng,
    window.flatMap((i, p) => (isEnd(i) ? [p] : [])),
  );
  if (at === undefined) return undefined;
  const end = window[at]!;
  const target =
    end.op === OP_EXIT
      ? window.findIndex((i, p) => p > at && i.op === OP_EXIT)
      : Math.min(window.length, targetOf(window, at));
  if (target <= at) return undefined;
  const [mine, theirs] = [skipNopsBack(window, at - 1), skipNopsBack(window, target - 1)];
  if (theirs <= at || mine < 0) return undefined;
  if (!sameInsn(window[mine]!, window[theirs]!) || jumpDistance(window[mine]!) !== undefined)
    return undefined;
  return [
    { at: mine, insn: nop() },
    { at, insn: insn(OP_JA, 0, 0, theirs - at - 1) },
  ];
};

/** What a copy is read for is read from the original, up to the next write of either. */
export const copyForward: Idiom = (window, rng) => {
  const copies = window.flatMap((i, at) => (i.op === MOV64_X && i.off === 0 && i.dst !== i.src ? [at] : []));
  const at = pickFrom(rng, copies);
  if (at === undefined) return undefined;
  const { dst, src } = window[at]!;
  const edits: Edit[] = rng.chance(0.5) ? [{ at, insn: nop() }] : [];
  for (let p = at + 1; p < window.length; p++) {
    const i = window[p]!;
    const spec = specOf(i);
    if (((registersRead(i) >> dst) & 1) === 1 && spec?.kind !== 'call' && spec?.kind !== 'exit')
      edits.push({ at: p, insn: readingElsewhere(i, dst, src) });
    const written = registersWritten(i);
    if ((((written >> dst) | (written >> src)) & 1) === 1) break;
  }
  return edits.length === 0 ? undefined : edits;
};

/** `r = constant` to `r = other`: the copy may turn out to be needless. */
export const constantToCopy: Idiom = (window, rng, pools) => {
  const places = window.flatMap((i, at) => (i.op === MOV64_K || i.op === MOV32_K ? [at] : []));
  const at = pickFrom(rng, places);
  if (at === undefined) return undefined;
  return [{ at, insn: insn(MOV64_X, window[at]!.dst, rng.pick(pools.readable)) }];
};

/** A jump goes to another place; an arm's end falls through or leaves. */
const retarget: Idiom = (window, rng, pools) => {
  const places = window.flatMap((i, at) => ((jumpDistance(i) ?? 0) !== 0 ? [at] : []));
  const at = pickFrom(rng, places);
  if (at === undefined) return undefined;
  return [{ at, insn: { ...window[at]!, off: rng.below(window.length + pools.places - at) } }];
};

/** What is stored is a choice between two values: each is stored where it is known. */
const storeChoice: Idiom = (window, rng) => {
  const stores = window.flatMap((i, at) => {
    const spec = specOf(i);
    return spec?.kind === 'store' && spec.operand === 'X' ? [at] : [];
  });
  const at = pickFrom(rng, stores);
  if (at === undefined) return undefined;
  const store = window[at]!;
  const edits: Edit[] = [];
  for (let p = at - 1; p >= 0 && edits.length < 2; p--) {
    const i = window[p]!;
    if (((registersWritten(i) >> store.src) & 1) === 0) continue;
    const value = storedValue(store, i);
    if (value === undefined) return undefined;
    edits.push({ at: p, insn: value });
  }
  return edits.length < 2 ? undefined : [...edits, { at, insn: nop() }];
};

export const FLOW_IDIOMS: readonly Idiom[] = [
  move,
  move,
  swapArms,
  dropGoto,
  foldConstant,
  thread,
  mergeTails,
  retarget,
  constantToCopy,
  storeChoice,
];
