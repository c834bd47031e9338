/**
 * Rewrites that are known to pay (rules/peephole.rules, rules/learned.rules), found by looking at each place
 * once: what the chains would find in most programs, at the price of one proof each. Like everything
 * here they are proposals.
 */
import { controlFlow } from '../../analysis/cfg/cfg.ts';
import { liveRegisters } from '../../analysis/index.ts';
import { jumpTargets, slotOffsets } from '../../isa/flow.ts';
import { type Insn, sizeInSlots } from '../../isa/insn.ts';
import { allowed, type Target } from '../../isa/levels.ts';
import { specOf } from '../../isa/semantics.ts';
import { pinOf } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import type { Window } from '../../verify/types.ts';
import { buildTarget } from '../rules/build.ts';
import { constantBefore } from '../rules/known-constants.ts';
import { RULE_FILES, ruleSet } from '../rules/library.ts';
import { type Code, type Match, numberOf } from '../rules/match.ts';
import type { Rule } from '../rules/rule.ts';

export interface Peephole {
  window: Window;
  replacement: readonly Insn[];
}

/** All places where a rule fits, last first; they may overlap. Those of one place: what saves most first. */
export function peepholes(program: Program, target: Target): Peephole[] {
  const { insns } = program;
  const live = liveRegisters(program, controlFlow(program));
  const code: Code = {
    insns,
    offsets: slotOffsets(insns),
    constantBefore: (at, register) => constantBefore(insns, at, register),
  };
  const isFree = freeRanges(program, code.offsets);
  const found: (Peephole & { saved: number })[] = [];
  for (let at = insns.length - 1; at >= 0; at--) {
    const here: (Peephole & { saved: number })[] = [];
    let done: string | undefined;
    for (const { rule, match, isLearned } of matchesAt(code, at)) {
      // Of a rule's forms the first one that fits. Learned ones are many: they must also leave
      // nothing that is read.
      if (rule.name === done || (isLearned && !leavesUnread(match, live))) continue;
      const replacement = buildTarget(match, code);
      if (replacement === undefined || !replacement.every((i) => isAllowed(i, target))) continue;
      done = rule.name;
      const window = { start: at, end: match.end };
      if (!isFree(window)) continue;
      const saved = sizeInSlots(insns.slice(at, match.end)) - sizeInSlots(replacement);
      here.push({ window, replacement, saved });
    }
    found.push(...here.sort((a, b) => b.saved - a.saved));
  }
  return found;
}

function* matchesAt(code: Code, at: number): Generator<{ rule: Rule; match: Match; isLearned: boolean }> {
  for (const file of RULE_FILES)
    for (const found of ruleSet(file).matches(code, at)) yield { ...found, isLearned: file === 'learned' };
}

/** Are the registers dead that must be, as far as control flow tells? */
function leavesUnread({ form, registers, end }: Match, live: Uint16Array): boolean {
  return form.given.every(
    (g) => g.kind !== 'dead' || ((live[end]! >> numberOf(g.register, registers)!) & 1) === 0,
  );
}

/** Tells of a range whether it has no pinned instruction, and is entered from outside at its start only. */
function freeRanges(program: Program, offsets: Int32Array): (range: Window) => boolean {
  /** First and last instruction that jumps to a place. */
  const entered = new Map<number, [first: number, last: number]>();
  for (const [from, to] of jumpTargets(program.insns, offsets).entries())
    if (to !== undefined) entered.set(to, [entered.get(to)?.[0] ?? from, from]);
  return ({ start, end }) => {
    for (let p = start; p < end; p++) {
      if (pinOf(program, p) !== undefined) return false;
      const [first, last] = entered.get(p) ?? [start, start];
      if (p > start && (first < start || last >= end)) return false;
    }
    return true;
  };
}

function isAllowed(i: Insn, target: Target): boolean {
  const spec = specOf(i);
  return spec !== undefined && allowed(spec, target);
}
