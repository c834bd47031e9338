/**
 * Structural checks of a whole instruction list, in the words of the kernel verifier: what it refuses before
 * it looks at any value. Reachability, loops and values are the analysis' business.
 */
import { registersWritten } from './effects.ts';
import { constantError, fieldError } from './fields.ts';
import { fallsThrough, indexOfSlot, referencedSlot, referenceOf, slotOffsets } from './flow.ts';
import { type Insn, R10 } from './insn.ts';
import { specOf } from './semantics.ts';

/**
 * One thing that is wrong; `index` counts instructions, `slot` 8-byte slots (what the kernel calls "insn").
 */
export interface Problem {
  index: number;
  slot: number;
  reason: string;
  /** The kernel looks for it in code that its walk reaches only: dead code may have it. */
  whenRun: boolean;
}

export interface ValidateOptions {
  /** Also what has a meaning but the kernel refuses: division by constant zero, oversized constant shifts. */
  kernel?: boolean;
}

/** All problems, in program order; empty when the list is well formed. */
export function validate(insns: readonly Insn[], options: ValidateOptions = {}): Problem[] {
  const offsets = slotOffsets(insns);
  if (insns.length === 0) return [{ index: 0, slot: 0, reason: 'the program is empty', whenRun: false }];
  const starts = functionStarts(insns, offsets);
  const problems: Problem[] = [];
  let first = 0;
  let end = 0;
  for (let index = 0; index < insns.length; index++) {
    const i = insns[index]!;
    const slot = offsets[index]!;
    const report = (reason: string | undefined, whenRun = false) => {
      if (reason !== undefined) problems.push({ index, slot, reason, whenRun });
    };
    if (starts.has(index)) {
      first = index;
      end = nextStart(starts, index + 1, insns.length);
    }
    const malformed = fieldError(i);
    report(malformed);
    if (malformed === undefined)
      report(writeError(i) ?? (options.kernel ? constantError(i) : undefined), true);
    report(referenceError(i, slot, offsets, first, end));
    if (index + 1 === end && fallsThrough(i)) report('last insn is not an exit or jmp');
  }
  return problems;
}

/** As in the kernel: a function starts at 0 and wherever a `call local` or a function address points. */
function functionStarts(insns: readonly Insn[], offsets: Int32Array): Set<number> {
  const starts = new Set([0]);
  for (const [index, i] of insns.entries()) {
    const ref = referenceOf(i);
    if (ref === undefined || ref.kind === 'jump') continue;
    const target = indexOfSlot(offsets, referencedSlot(i, offsets[index]!)!);
    if (target !== undefined && target < insns.length) starts.add(target);
  }
  return starts;
}

function nextStart(starts: ReadonlySet<number>, from: number, length: number): number {
  let index = from;
  while (index < length && !starts.has(index)) index++;
  return index;
}

function writeError(i: Insn): string | undefined {
  return specOf(i) !== undefined && (registersWritten(i) & (1 << R10)) !== 0
    ? 'frame pointer is read only'
    : undefined;
}

/** What keeps a program from being one at all; what the kernel's walk finds is the analysis' business. */
export function structureError(insns: readonly Insn[]): Problem | undefined {
  return validate(insns).find((p) => !p.whenRun);
}

/** [first, end): the function that the instruction is in. */
function referenceError(
  i: Insn,
  slot: number,
  offsets: Int32Array,
  first: number,
  end: number,
): string | undefined {
  const ref = referenceOf(i);
  if (ref === undefined) return undefined;
  const aim = referencedSlot(i, slot)!;
  const target = indexOfSlot(offsets, aim);
  if (ref.kind !== 'jump')
    return target === undefined || target === offsets.length - 1 ? 'call to invalid destination' : undefined;
  if (aim < offsets[first]! || aim >= offsets[end]!) return `jump out of range from insn ${slot} to ${aim}`;
  return target === undefined ? `jump into the middle of ldimm64 insn ${aim - 1}` : undefined;
}
