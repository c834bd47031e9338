/**
 * Static safety: what the kernel's checker would refuse, found by exploring the program as it does: path by path as far as
 * that is cheap, then merged. Sound for what it models: a program without findings neither faults nor breaks a rule
 * listed here; findings may be false where merging lost precision. The kernel itself is the judge.
 */
import { validate } from '../isa/validate.ts';
import type { Program } from '../program/program.ts';
import { makeEnv, type Rules } from './env.ts';
import { explore } from './explore.ts';
import { liveRegisters } from './registers.ts';

export interface Finding {
  /** Instruction index; -1 for the program as a whole. */
  index: number;
  /** In the kernel's words where it has any. */
  reason: string;
}

export interface SafetyOptions extends Partial<Rules> {
  /** States that are kept apart at each place before they are merged. */
  disjuncts?: number;
  /** Of these, states that differ in numbers only. */
  alike?: number;
  /** Instructions to process before the program counts as too complex. */
  limit?: number;
}

export interface SafetyReport {
  findings: Finding[];
  /** Instructions processed: our counterpart of the kernel's complexity. */
  steps: number;
  /** Instructions where loops start. */
  loops: number[];
}

const DEFAULTS: Rules & { disjuncts: number; alike: number; limit: number } = {
  linux: 618,
  uninitStack: false,
  precision: 'kernel',
  disjuncts: 128,
  alike: 4,
  limit: 1_000_000,
};

/** All findings, in program order, each once. */
export function examine(program: Program, options: SafetyOptions = {}): SafetyReport {
  const rules = { ...DEFAULTS, ...options };
  const seen = new Map<string, Finding>();
  const report = (index: number, reason: string): void => {
    const key = `${index} ${reason}`;
    if (!seen.has(key)) seen.set(key, { index, reason });
  };
  for (const problem of validate(program.insns, { kernel: true })) report(problem.index, problem.reason);
  if (program.insns.length === 0) report(-1, 'empty program');
  if (seen.size > 0) return { findings: [...seen.values()], steps: 0, loops: [] };
  const env = makeEnv(program, rules, report);
  for (const index of env.cfg.unreachable) report(index, `unreachable insn ${index}`);
  const loops = [...env.cfg.loopHeads].map((id) => env.cfg.blocks[id]!.start).sort((a, b) => a - b);
  if (rules.linux < 503)
    for (const { from, to } of env.cfg.backEdges)
      report(env.cfg.blocks[from]!.end - 1, `back-edge to insn ${env.cfg.blocks[to]!.start}`);
  const live = liveRegisters(program, env.cfg);
  const found = explore(env, {
    disjuncts: rules.disjuncts,
    alike: rules.alike,
    limit: rules.limit,
    liveRegisters: (index) => live[index]!,
  });
  if (!found.complete) report(-1, `BPF program is too large. Processed ${found.steps} insn`);
  const findings = [...seen.values()].sort((a, b) => a.index - b.index);
  return { findings, steps: found.steps, loops };
}

/** What the kernel's checker would refuse; empty when the program is safe. */
export function checkSafety(program: Program, options: SafetyOptions = {}): Finding[] {
  return examine(program, options).findings;
}
