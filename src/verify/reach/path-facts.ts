/**
 * Facts about a register that hold on every path that can happen, although a path-insensitive look, or the
 * kernel's verifier, sees a path on which they do not.
 *
 *   place, register, fact --backwards, block by block--> path suffixes
 *     each is closed when the fact holds at its end, or when its branch conditions cannot all be true;
 *     otherwise it is made longer by each block that leads to its first one
 *
 * A suffix starts with what the analysis knows there, so closing it needs nothing of what came before. When
 * all are closed, the fact holds. A suffix that reaches the function's entry, or comes by one block twice,
 * ends the search without an answer.
 */

import { STACK_SIZE } from '../../analysis/domain/stack.ts';
import { isSingle, UNINIT, type Value } from '../../analysis/domain/value.ts';
import { analyze, type Cfg } from '../../analysis/index.ts';
import { isHelperCall, OP_CALL } from '../../isa/insn.ts';
import { pinOf } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import type { Solver, Term } from '../../solver/index.ts';
import type { WindowContext } from '../context.ts';
import { Refused, Unsupported } from '../errors.ts';
import { addPacketFacts } from '../program.ts';
import { relevant } from '../proof/path-conditions.ts';
import { Session } from '../proof/session.ts';
import { NO_JOINS } from '../symbolic/interference.ts';
import { mergingFor } from '../symbolic/regions.ts';
import type { SymbolicExit } from '../symbolic/run.ts';
import type { Window } from '../types.ts';
import { straighten } from './straight-path.ts';

/** `written`: it holds something. `pointer`: it holds an address of some object, and not NULL. */
export type RegisterFact = 'written' | 'pointer';

export type PathFact =
  | {
      holds: true;
      /** Suffixes that were closed, and of these the ones that cannot happen. */
      paths: number;
      impossible: number;
    }
  | { holds: false; reason: string; path?: readonly number[] };

export interface PathFactOptions {
  solver: Solver;
  contextOf(program: Program, window: Window): WindowContext;
  /** Solver budget per suffix. */
  rlimit?: number;
  /** Suffixes to look at before giving up. */
  limit?: number;
}

const RLIMIT = 300_000;
const LIMIT = 3000;
const LONGEST = 2000;
const LONGEST_PACKET = 0x7fff_ffffn;

/** Does the fact hold of `register` whenever instruction `index` is about to run? */
export function holdsBefore(
  program: Program,
  index: number,
  register: number,
  fact: RegisterFact,
  options: PathFactOptions,
): PathFact {
  const { cfg } = analyze(program);
  return new Search(program, cfg, index, register, fact, options).run();
}

/** `impossible`: the path cannot happen. */
type Look = { closed: boolean; impossible?: boolean };

class Search {
  private readonly program: Program;
  private readonly cfg: Cfg;
  private readonly index: number;
  private readonly register: number;
  private readonly fact: RegisterFact;
  private readonly options: PathFactOptions;

  constructor(
    program: Program,
    cfg: Cfg,
    index: number,
    register: number,
    fact: RegisterFact,
    options: PathFactOptions,
  ) {
    this.program = program;
    this.cfg = cfg;
    this.index = index;
    this.register = register;
    this.fact = fact;
    this.options = options;
  }

  run(): PathFact {
    const open: number[][] = [[this.cfg.blockOf[this.index]!]];
    let [paths, impossible] = [0, 0];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      if (++paths > (this.options.limit ?? LIMIT))
        return { holds: false, reason: `more than ${paths - 1} paths lead here` };
      let look: Look;
      try {
        look = this.look(path);
      } catch (e) {
        if (!(e instanceof Unsupported || e instanceof Refused)) throw e;
        return { holds: false, reason: e.message, path };
      }
      if (look.closed) {
        if (look.impossible === true) impossible++;
        continue;
      }
      const first = path[0]!;
      const before = this.cfg.predecessors[first]!;
      const isEntry = this.cfg.entries.includes(first);
      if (before.length === 0 || isEntry)
        return { holds: false, reason: 'a path from the start of the function may lead here', path };
      for (const b of before) {
        if (path.includes(b)) return { holds: false, reason: 'a loop leads here', path };
        open.push([b, ...path]);
      }
    }
    return { holds: true, paths, impossible };
  }

  private look(path: readonly number[]): Look {
    const { program, cfg, index, register } = this;
    const straight = straighten(program.insns, cfg, path, index);
    if (straight === undefined) throw new Unsupported('a branch that is not understood leads here');
    const { insns, origin } = straight;
    if (insns.length > LONGEST)
      throw new Unsupported(`a path of more than ${LONGEST} instructions leads here`);
    // In straight code a call's distance means nothing, and what the function does to this frame is not
    // followed.
    if (insns.some((i) => i.op === OP_CALL && !isHelperCall(i)))
      throw new Unsupported('a function is called on the way');
    const pin = origin.map((at) => pinOf(program, at)).find((why) => why !== undefined);
    if (pin !== undefined) throw new Unsupported(`an instruction on the way is not final: ${pin}`);
    const start = cfg.blocks[path[0]!]!.start;
    const context = this.contextAt(start);
    const session = new Session(context, insns);
    addPacketFacts(session, LONGEST_PACKET);
    // No access is joined to another one: what others see, they may change in between.
    const joins = NO_JOINS;
    const { touched } = session.sourceRun({ merging: 'none', joins });
    const plan = { merging: mergingFor(touched), joins };
    const run = session.sourceRun(plan);
    const exit = run.exits.find((e) => e.to === 0);
    const { normalizer } = session;
    const b = normalizer.build;
    const isImpossible = (condition: Term): boolean => {
      const normal = normalizer.normalize(condition);
      const value = normalizer.store.constant(normal);
      if (value !== undefined) return value === 0n;
      const assumptions = relevant(session, plan, [normal]);
      const rlimit = this.options.rlimit ?? RLIMIT;
      return this.options.solver.check(b.store, [...assumptions, normal], { rlimit }).result === 'unsat';
    };
    if (exit === undefined) return { closed: true, impossible: true };
    const held = exit.registers[register];
    if (
      held !== undefined &&
      this.satisfied(exit, held, session, addressesAt(context, session), isImpossible)
    )
      return { closed: true };
    return isImpossible(exit.condition) ? { closed: true, impossible: true } : { closed: false };
  }

  /**
   * Whether the register was written is what is asked: where only some paths wrote it, it counts as
   * unwritten.
   */
  private contextAt(start: number): WindowContext {
    const context = this.options.contextOf(this.program, { start, end: start });
    const held = context.registers[this.register];
    if (held?.kind !== 'uninit') return context;
    return { ...context, registers: context.registers.map((v, r) => (r === this.register ? UNINIT : v)) };
  }

  private satisfied(
    exit: SymbolicExit,
    held: Term,
    { normalizer, bases }: Session,
    certain: ReadonlySet<Term>,
    isImpossible: (condition: Term) => boolean,
  ): boolean {
    if (this.fact === 'written') return true;
    const address = normalizer.normalize(held);
    const region = bases.regionOf(address);
    if (region === undefined) return false;
    const b = normalizer.build;
    const zero = b.const(0n, 64);
    const mayBeZero = (t: Term): boolean => !isImpossible(b.and(exit.condition, b.eq(t, zero)));
    // One of several addresses, NULL perhaps among them.
    if (bases.alternatives(address) !== undefined) return false;
    const base = bases.baseOf(address);
    return base !== undefined && (isSingle(region) || certain.has(base) || !mayBeZero(base));
  }
}

/** Bases of the addresses that are not NULL where a path starts. */
function addressesAt(context: WindowContext, { bases }: Session): ReadonlySet<Term> {
  const certain = new Set<Term>();
  const note = (v: Value | undefined, place: string): void => {
    if (v?.kind === 'pointer' && !v.nullable)
      certain.add(bases.base(v.region, v.id === 0 ? place : String(v.id)));
  };
  context.registers.forEach((v, r) => {
    note(v, `r${r}`);
  });
  context.stack.forEach((slot, n) => {
    note(slot?.spill, `fp${n * 8 - STACK_SIZE}`);
  });
  return certain;
}
