/**
 * Constants set late: jumps set a constant on their way, those settings are shared, and what set it before is
 * dead.
 *
 *   LateConstant --as it would come out--> does it pay? --transaction--> proven, shared, kept
 */
import { controlFlow, liveRegisters } from '../../analysis/index.ts';
import { EditError } from '../../isa/edit.ts';
import { type Insn, sizeInSlots } from '../../isa/insn.ts';
import { replaceProblem } from '../../program/edit.ts';
import { type Edit, replaceRanges } from '../../program/edit-many.ts';
import type { Program } from '../../program/program.ts';
import {
  type LateConstant,
  lateConstants,
  setsConstant,
  settingOnTheWay,
} from '../../search/rewrites/constant-sinking.ts';
import { shareCode } from '../../search/rewrites/tail-merging.ts';
import type { AcceptedRewrites } from '../acceptance/accepted-rewrites.ts';
import type { Facts, Rewrite } from '../acceptance/rewrite.ts';
import type { Transaction } from '../acceptance/transaction.ts';

/** Most jumps that set a constant on their way. */
const MOST_JUMPS = 24;

export function lateConstantsOf(program: Program, contextOf: Facts['contextOf']): LateConstant[] {
  return lateConstants(program, (index, register) => {
    const v = contextOf(program, { start: index, end: index + 1 }).registers[register];
    if (v?.kind !== 'scalar' || v.umin !== v.umax) return undefined;
    const constant = Number(BigInt.asIntN(64, v.umin));
    return constant === (constant | 0) ? constant : undefined;
  });
}

/** @returns true when the program has changed */
export function setLate(accepted: AcceptedRewrites, constant: LateConstant): boolean {
  const { best } = accepted;
  const settings = settingsOf(best, constant);
  if (settings === undefined || !pays(best, constant, settings)) return false;
  const transaction = accepted.transaction();
  if (
    !transaction.rewriteAll(
      settings.map(({ start, end, insns }) => rewrite(start, end, insns, 'constant set late')),
    )
  )
    return false;
  arrange(transaction);
  const isSet = setting(constant);
  transaction.rewriteAll(
    transaction.program.insns.flatMap((i, at) => (isSet(i) ? [rewrite(at, at + 1, [], 'dead code')] : [])),
  );
  arrange(transaction);
  return accepted.keep(transaction);
}

function arrange(transaction: Transaction): void {
  const shared = shareCode(transaction.program);
  if (shared !== undefined) transaction.arrange(shared, 'shared code');
}

function rewrite(start: number, end: number, replacement: readonly Insn[], by: string): Rewrite {
  return { window: { start, end }, replacement, by };
}

const setting =
  ({ register, constant }: LateConstant) =>
  (i: Insn): boolean =>
    setsConstant(i, register, constant);

/** Undefined where there are too many jumps, or none that can set anything. */
function settingsOf(program: Program, constant: LateConstant): Edit[] | undefined {
  if (constant.jumps.length > MOST_JUMPS) return undefined;
  const edits = constant.jumps.flatMap((at): Edit[] => {
    const insns = settingOnTheWay(program, at, constant);
    return insns === undefined ? [] : [{ start: at, end: at + 1, insns }];
  });
  return edits.length === 0 ? undefined : edits;
}

/**
 * Would it be smaller in the end, if all could be proven? Without looking at values: that costs a hundredth.
 */
function pays(program: Program, constant: LateConstant, settings: readonly Edit[]): boolean {
  try {
    const set = shared(replaceRanges(program, settings));
    const live = liveRegisters(set, controlFlow(set));
    const isSet = setting(constant);
    const dead = set.insns.flatMap((i, at): Edit[] => {
      const edit = { start: at, end: at + 1, insns: [] };
      const isRead = ((live[at + 1] ?? 0) >> constant.register) & 1;
      return isSet(i) && isRead === 0 && replaceProblem(set, at, at + 1, []) === undefined ? [edit] : [];
    });
    return sizeInSlots(shared(replaceRanges(set, dead)).insns) < sizeInSlots(program.insns);
  } catch (e) {
    if (e instanceof EditError) return false;
    throw e;
  }
}

const shared = (program: Program): Program => shareCode(program) ?? program;
