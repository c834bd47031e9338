/**
 * Programs that run the same instructions in the same order, wherever those stand.
 *
 * Gotos, and tests whose outcome changes nothing, are no steps; a test that is asked the other way round,
 * with its two ways exchanged, is the same step. Two programs are the same when whatever the one does from
 * its start the other can do as well, step by step (a bisimulation). This proves shared tails, threaded
 * jumps, moved blocks and code that nothing reaches, in whole programs with branches, loops and calls, and
 * looks at no value.
 */

import { calleeOf, fallsThrough, jumpTarget, slotOffsets } from '../isa/flow.ts';
import { negated } from '../isa/forms.ts';
import { type Insn, OP_LD_IMM64, PseudoLd } from '../isa/insn.ts';
import { type Relation, specOf } from '../isa/semantics.ts';
import { pinOf } from '../program/edit.ts';
import type { Program } from '../program/program.ts';

/** One instruction that does something. */
export interface TraceStep {
  /** What it does, the same text for the same thing. */
  what: string;
  /**
   * Steps that follow: of a test, if it holds (as `what` asks it) and if not. Indices into the program; `END`
   * outside it.
   */
  next: readonly number[];
  /** `what` asks the negation of what the instruction does: its jump is taken for `next[1]`. */
  inverted: boolean;
}

export const END = -1;

/** Of each pair of negated conditions the one that `what` asks. */
const ASKED: ReadonlySet<Relation> = new Set(['eq', 'ugt', 'uge', 'sgt', 'sge', 'set']);

export class Steps {
  readonly program: Program;
  private readonly offsets: Int32Array;
  private readonly firsts: ReadonlyMap<number, number>;
  private readonly resolved: Int32Array;

  constructor(program: Program) {
    this.program = program;
    this.offsets = slotOffsets(program.insns);
    this.firsts = new Map(program.functions.map((f, n) => [f.start, n]));
    this.resolved = new Int32Array(program.insns.length).fill(END - 1);
  }

  /** First step from instruction `index` on, itself included. */
  from(index: number): number {
    const passed: number[] = [];
    const seen = new Set<number>();
    let at = index;
    while (at !== END && this.resolved[at] === END - 1) {
      const next = seen.has(at) ? undefined : this.unobservable(at);
      // A step, or a loop that does nothing: each of its gotos stands for itself.
      if (next === undefined) {
        this.resolved[at] = at;
        break;
      }
      seen.add(at);
      passed.push(at);
      at = next;
    }
    const step = at === END ? END : this.resolved[at]!;
    for (const p of passed) if (this.resolved[p] === END - 1) this.resolved[p] = step;
    return step;
  }

  /** Where control goes from an instruction that does nothing; undefined for a step. */
  private unobservable(at: number): number | undefined {
    const i = this.program.insns[at]!;
    if (pinOf(this.program, at) !== undefined) return undefined;
    const kind = specOf(i)?.kind;
    if (kind === 'goto') return jumpTarget(this.program.insns, at, this.offsets);
    if (kind === 'jump' && i.off === 0) return at + 1;
    return undefined;
  }

  /** The step that instruction `index`, which `from` gave, is. */
  at(index: number): TraceStep {
    const { program, offsets } = this;
    const i = program.insns[index]!;
    const pin = pinOf(program, index);
    const callee = calleeOf(program.insns, index, offsets);
    const after = fallsThrough(i) ? [this.following(index + 1)] : [];
    const target = jumpTarget(program.insns, index, offsets);
    if (target !== undefined) after.unshift(this.from(target));
    const opposite = pin === undefined ? asksOpposite(i) : undefined;
    const name = textOf(opposite ?? i, target !== undefined, callee && this.firsts.get(callee));
    return {
      what: pin === undefined ? name : `${name} pinned ${program.origin[index]}`,
      next: opposite === undefined ? after : after.reverse(),
      inverted: opposite !== undefined,
    };
  }

  private following(index: number): number {
    return index < this.program.insns.length && !this.firsts.has(index) ? this.from(index) : END;
  }
}

/** The negated jump, where `what` asks that; undefined where it asks what the instruction does. */
function asksOpposite(i: Insn): Insn | undefined {
  const spec = specOf(i);
  return spec?.kind === 'jump' && !ASKED.has(spec.relation) ? negated(i) : undefined;
}

function textOf(i: Insn, jumps: boolean, callee: number | undefined): string {
  const refers = callee !== undefined;
  const off = jumps ? 0 : i.off;
  const imm = refers || (jumps && specOf(i)?.kind === 'goto') ? 0 : i.imm;
  const function_ = refers ? ` function ${callee}` : '';
  const high = i.op === OP_LD_IMM64 && i.src !== PseudoLd.FUNC ? i.immHi : 0;
  return `${i.op} ${i.dst} ${i.src} ${off} ${imm} ${high}${function_}`;
}

/** Pairs of steps beyond which the question is given up. */
const MOST_PAIRS = 20;

/**
 * Do both programs, with the same maps and functions, run the same instructions in the same order on every
 * input?
 */
export function bisimilar(a: Program, b: Program): boolean {
  if (a.hook !== b.hook || a.functions.length !== b.functions.length || a.maps !== b.maps) return false;
  const [left, right] = [new Steps(a), new Steps(b)];
  const limit = MOST_PAIRS * (a.insns.length + b.insns.length);
  const width = b.insns.length + 1;
  const known = new Set<number>();
  const pairs: [number, number][] = [];
  const ask = (p: number, q: number): void => {
    if (known.has(p * width + q)) return;
    known.add(p * width + q);
    pairs.push([p, q]);
  };
  a.functions.forEach((f, n) => {
    ask(left.from(f.start), right.from(b.functions[n]!.start));
  });
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [p, q] = pair;
    if (p === END || q === END) {
      if (p !== q) return false;
      continue;
    }
    const [s, t] = [left.at(p), right.at(q)];
    if (s.what !== t.what || s.next.length !== t.next.length || known.size > limit) return false;
    s.next.forEach((next, k) => {
      ask(next, t.next[k]!);
    });
  }
  return true;
}
