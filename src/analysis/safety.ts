/**
 * Static safety: what the kernel verifier would refuse, found by exploring the program as it does: path by
 * path as far as that is cheap, then merged. Where that finds something, once more without merging, as far as
 * that is affordable: a program that either way finds nothing in is safe. Sound for what it models: a program
 * without findings neither faults nor breaks a rule listed here; findings may be false where precision was
 * lost. The kernel itself is the judge.
 */
import { linux } from '../base/linux.ts';
import { specOf } from '../isa/semantics.ts';
import { validate } from '../isa/validate.ts';
import type { Program } from '../program/program.ts';
import { liveRegisters as liveRegistersOf } from './cfg/register-liveness.ts';
import { baseOf, type Earlier, type Explored, exploreAgain, runsOnce } from './engine/incremental.ts';
import { followPaths } from './engine/path-exploration.ts';
import type { Finding } from './finding.ts';
import { missingFeatures } from './kernel-features.ts';
import { makeEnv, type VerifierRules } from './transfer/env.ts';

export type { Finding } from './finding.ts';

export interface SafetyOptions extends Partial<VerifierRules> {
  /** States that are kept apart at each place before they are merged. */
  disjuncts?: number;
  /** Of these, states that differ in numbers only. */
  alike?: number;
  /** Instructions to process before the program counts as too complex. */
  limit?: number;
  /** Instructions to process path by path, where merging found something; 0: never. */
  deepLimit?: number;
  /** One finding is enough: stops there. */
  first?: boolean;
}

export interface SafetyReport {
  findings: Finding[];
  /** Instructions processed: our counterpart of the kernel's complexity. */
  steps: number;
  /** Instructions where loops start. */
  loops: number[];
}

/** First Linux that lets programs of loaders with CAP_PERFMON read stack bytes that were never written. */
export const UNINIT_STACK = linux(6, 3);

const DEFAULTS: VerifierRules & Required<Pick<SafetyOptions, 'disjuncts' | 'alike' | 'limit' | 'deepLimit'>> =
  {
    linux: linux(6, 18),
    uninitStack: false,
    precision: 'kernel',
    disjuncts: 128,
    alike: 4,
    limit: 1_000_000,
    deepLimit: 40_000,
  };

/**
 * Nothing is merged; `most`: states of one place, of which each is compared with all others. One finding is
 * enough.
 */
const APART = { disjuncts: Infinity, alike: Infinity, most: 600, first: true };

type Chosen = typeof DEFAULTS & SafetyOptions;

/** The last exploration, on which the next one builds. */
interface EarlierExploration {
  earlier?: Earlier | undefined;
}

/** All findings, in program order, each once; with `first` at least one where there are any. */
export function examine(program: Program, options: SafetyOptions = {}): SafetyReport {
  return examiner(options)(program);
}

/** Examines one version of a program after the other, which is faster and comes to the same. */
export function examiner(options: SafetyOptions = {}): (program: Program) => SafetyReport {
  const rules = { ...DEFAULTS, ...options };
  const [merged, apart]: [EarlierExploration, EarlierExploration] = [{}, {}];
  return (program) => {
    const missing = missingFeatures(program, rules.linux);
    const report = examineWith(program, rules, merged, apart);
    if (missing.length === 0) return report;
    const findings = [...missing, ...report.findings].sort((a, b) => a.index - b.index);
    return { ...report, findings };
  };
}

function examineWith(
  program: Program,
  rules: Chosen,
  keptMerged: EarlierExploration,
  keptApart: EarlierExploration,
): SafetyReport {
  const all = validate(program.insns, { kernel: true });
  const malformed = all.filter(({ whenRun }) => !whenRun);
  const findings =
    malformed.length === 0 && program.insns.length === 0
      ? [{ index: -1, reason: 'empty program' }]
      : malformed.map(({ index, reason }) => ({ index, reason }));
  if (findings.length > 0) return { findings, steps: 0, loops: [] };
  const onRun = new Map(all.map(({ index, reason }) => [index, reason]));
  const merged = inspect(program, rules, onRun, keptMerged);
  const found = merged.findings.length > 0;
  // Merged states say nothing of whether a loop ends: that shows only when it is followed round by round, as
  // the kernel does.
  const mayNotEnd = merged.loops.length > 0 && !isBoundedByKernel(program);
  if ((found ? merged.certain : !mayNotEnd) || rules.deepLimit === 0) return merged;
  const limit = Math.min(rules.limit, rules.deepLimit);
  const apart = inspect(program, { ...rules, ...APART, limit }, onRun, keptApart);
  const steps = merged.steps + apart.steps;
  return apart.findings.length === 0 || !found ? { ...apart, steps } : { ...merged, steps };
}

/** Iterators (kernel functions) end. */
function isBoundedByKernel(program: Program): boolean {
  return program.insns.some((i) => {
    const op = specOf(i);
    return op?.kind === 'call' && op.target === 'kfunc';
  });
}

/** One exploration. `certain`: what it found does not depend on how precise it was. */
function inspect(
  program: Program,
  rules: Chosen & { most?: number },
  onRun: ReadonlyMap<number, string>,
  kept: EarlierExploration,
): SafetyReport & { certain: boolean } {
  const seen = new Map<string, Finding>();
  const report = (index: number, reason: string, since?: number): void => {
    const key = `${index} ${reason}`;
    if (!seen.has(key)) seen.set(key, { index, reason, ...(since === undefined ? {} : { since }) });
  };
  const base = baseOf(kept.earlier, program);
  const env = makeEnv(program, rules, report, onRun, base?.shape?.cfg);
  for (const index of env.cfg.unreachable) report(index, `unreachable insn ${index}`);
  const loops = [...env.cfg.loopHeads].map((id) => env.cfg.blocks[id]!.start).sort((a, b) => a - b);
  if (rules.linux < linux(5, 3))
    for (const { from, to } of env.cfg.backEdges)
      report(env.cfg.blocks[from]!.end - 1, `back-edge to insn ${env.cfg.blocks[to]!.start}`);
  const certain = seen.size > 0;
  if (certain && rules.first === true) return { findings: [...seen.values()], steps: 0, loops, certain };
  const live = liveRegistersOf(program, env.cfg);
  const liveRegisters = (index: number): number => live[index]!;
  const enough = (): boolean => rules.first === true && seen.size > 0;
  const { disjuncts, alike, limit, most } = rules;
  const how = { disjuncts, alike, limit, liveRegisters, enough, ...(most === undefined ? {} : { most }) };
  // Where nothing runs twice, the order of the paths does not matter.
  const found: Pick<Explored, 'steps' | 'complete' | 'earlier'> =
    most === undefined || runsOnce(env)
      ? exploreAgain(env, how, base).found
      : followPaths(env, { limit, liveRegisters, enough, loopsEnd: isBoundedByKernel(program) });
  kept.earlier = found.earlier;
  if (!found.complete) report(-1, `BPF program is too large. Processed ${found.steps} insn`);
  const findings = [...seen.values()].sort((a, b) => a.index - b.index);
  return { findings, steps: found.steps, loops, certain };
}

/** What the kernel verifier would refuse; empty when the program is safe. */
export function checkSafety(program: Program, options: SafetyOptions = {}): Finding[] {
  return examine(program, options).findings;
}
