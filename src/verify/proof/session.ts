/**
 * Everything about one window that does not depend on the candidate: its inputs as terms, the source's
 * symbolic run, counterexamples seen. Terms of all candidates share one store, so what they have in common
 * with the source is built once.
 */
import { BYTE_UNKNOWN, STACK_SIZE } from '../../analysis/domain/stack.ts';
import { region } from '../../analysis/domain/value.ts';
import type { Insn } from '../../isa/insn.ts';
import { OP_LD_IMM64 } from '../../isa/insn.ts';
import type { MapDef } from '../../program/program.ts';
import { mapType } from '../../program/tables/maps.ts';
import { Normalizer, type Term, type TermAssignment, TermBuilder, TermStore } from '../../solver/index.ts';
import type { WindowContext } from '../context.ts';
import { constantData } from '../symbolic/constant-data.ts';
import { execute } from '../symbolic/execute.ts';
import { WindowInputs } from '../symbolic/inputs.ts';
import { type Joins, SourceInterference } from '../symbolic/interference.ts';
import { LookupFacts } from '../symbolic/lookups.ts';
import { type Apart, type KnownByte, type Log, MemoryReader, write } from '../symbolic/memory.ts';
import { type AliasPartition, Bases, memoryOf, privateIn } from '../symbolic/regions.ts';
import type { ExecutionEnv, Role, SymbolicRun, SymbolicStart } from '../symbolic/run.ts';
import type { ObligationInput } from './obligations.ts';

/** How a run is made: how far apart regions are kept, and what others may do meanwhile. */
export interface RunPlan {
  readonly merging: AliasPartition;
  /**
   * Accesses of the source that others do not come between; undefined: others do nothing (the plain memory
   * model).
   */
  readonly joins?: Joins;
}

function keyOf({ merging, joins }: RunPlan): string {
  return joins === undefined ? merging : `${merging} strict ${[...joins].join(' ')}`;
}

/** Tokens below are those of runs of all paths at once. */
const FIRST_PATH_TOKEN = 0x1_0000;

export class Session {
  readonly normalizer: Normalizer;
  readonly bases: Bases;
  readonly inputs: WindowInputs;
  readonly framePointer: Term;
  readonly registers: readonly (Term | undefined)[];
  /** Values that occur in the source, for the samples. */
  readonly constants: readonly bigint[];
  /** Inputs that refuted earlier candidates, latest first. */
  readonly refuters: TermAssignment[] = [];
  private readonly pathTokens = new Map<string, number>();
  private readonly context: WindowContext;
  private readonly source: readonly Insn[];
  private readonly runs = new Map<string, SymbolicRun>();
  private readonly starts = new Map<AliasPartition, SymbolicStart>();
  private readonly lookups = new Map<string, { facts: LookupFacts; assumptions: Term[] }>();
  private readonly role: Role;
  readonly offsets: boolean;

  /** @param offsets as in ExecutionEnv */
  constructor(context: WindowContext, source: readonly Insn[], role: Role = {}, offsets = true) {
    this.context = context;
    this.source = source;
    this.role = role;
    this.offsets = offsets;
    const builder = new TermBuilder(new TermStore());
    this.normalizer = new Normalizer(builder);
    this.bases = new Bases(this.normalizer);
    this.inputs = new WindowInputs(builder, this.bases);
    this.registers = context.registers.map((v, r) =>
      v.kind === 'uninit' && v.maybe !== true ? undefined : this.inputs.term(v, `r${r}`),
    );
    this.framePointer = this.bases.base(region.stack(context.frame), '');
    this.constants = constantsOf(source);
  }

  get size(): number {
    return this.normalizer.store.count;
  }

  around(plan: RunPlan): ExecutionEnv {
    const { maps, ctxFields, packetShared, frame } = this.context;
    const { normalizer, bases, offsets } = this;
    const { facts } = this.lookupsOf(plan);
    return {
      ...{ normalizer, bases, maps, ctxFields, packetShared, frame, offsets, facts },
      merging: plan.merging,
      comingAndGoing: comingAndGoing(maps),
    };
  }

  /** Terms that hold: of the start, and of what the source's calls give. */
  assumptions(plan: RunPlan): readonly Term[] {
    return [...this.inputs.assumptions, ...this.lookupsOf(plan).assumptions];
  }

  private lookupsOf(plan: RunPlan): { facts: LookupFacts; assumptions: Term[] } {
    const key = keyOf(plan);
    let known = this.lookups.get(key);
    if (known === undefined) {
      const assumptions: Term[] = [];
      known = { facts: new LookupFacts(this.normalizer, assumptions), assumptions };
      this.lookups.set(key, known);
    }
    return known;
  }

  /** Memory of the running frame. */
  stackMemory(merging: AliasPartition): string {
    return memoryOf(region.stack(this.context.frame), merging);
  }

  start(merging: AliasPartition): SymbolicStart {
    let start = this.starts.get(merging);
    if (start === undefined) {
      const log = this.stackLog();
      const logs = new Map<string, Log>(log === undefined ? [] : [[this.stackMemory(merging), log]]);
      start = { registers: this.registers, logs };
      this.starts.set(merging, start);
    }
    return start;
  }

  /** Initial bytes that are constants. */
  private knownBytes(): KnownByte {
    const { maps } = this.context;
    return constantData({ maps, bases: this.bases, normalizer: this.normalizer });
  }

  /** Token of a call on a single path of the source (path-by-path.ts); the same for the same key. */
  pathToken(key: string): number {
    let token = this.pathTokens.get(key);
    if (token === undefined) this.pathTokens.set(key, (token = FIRST_PATH_TOKEN + this.pathTokens.size));
    return token;
  }

  /** What two runs are compared with. */
  comparison(plan: RunPlan, around = this.around(plan)): ObligationInput {
    const { normalizer, context, framePointer, offsets } = this;
    const { merging } = plan;
    const apart: Apart = (x, y) => around.facts.apart(x, y);
    return {
      normalizer,
      reader: new MemoryReader(normalizer, this.knownBytes(), offsets, apart, privateIn(around)),
      context,
      start: this.start(merging),
      stackMemory: this.stackMemory(merging),
      framePointer,
    };
  }

  sourceRun(plan: RunPlan): SymbolicRun {
    const key = keyOf(plan);
    let run = this.runs.get(key);
    if (run === undefined) {
      const { merging, joins } = plan;
      const others = joins && new SourceInterference(joins);
      run = execute(this.source, this.start(merging), this.around(plan), { ...this.role, others });
      this.runs.set(key, run);
    }
    return run;
  }

  /** What is known of the frame's contents, as writes that came before. */
  private stackLog(): Log {
    const b = this.normalizer.build;
    let log: Log;
    this.context.stack.forEach((slot, n) => {
      if (slot === undefined) return;
      const at = (k: number): Term =>
        this.normalizer.normalize(b.add(this.framePointer, b.const(BigInt(n * 8 + k - STACK_SIZE), 64)));
      slot.bytes.forEach((byte, k) => {
        if (byte > BYTE_UNKNOWN) log = write(log, at(k), 1, b.const(BigInt(byte), 8));
      });
      const { spill, spillSize } = slot;
      if (spill === undefined || spill.kind === 'any' || spill.kind === 'uninit') return;
      const value = this.inputs.term(spill, `fp${n * 8 - STACK_SIZE}`);
      log = write(log, at(0), spillSize, b.extract(value, 0, spillSize * 8));
    });
    return log;
  }
}

/**
 * Keys of the maps whose entries are not there from start to end; what is looked up in a map of maps may be
 * any.
 */
function comingAndGoing(maps: readonly MapDef[]): string[] {
  return maps.flatMap((m, i) => (mapType(m.type)?.isArrayLike === true ? [] : [`map${i}`, `map${i}i`]));
}

function constantsOf(insns: readonly Insn[]): bigint[] {
  const set = new Set<bigint>();
  for (const i of insns) {
    if (i.imm !== 0) set.add(BigInt(i.imm));
    if (i.op === OP_LD_IMM64 && i.immHi !== 0) set.add((BigInt(i.immHi) << 32n) | BigInt(i.imm >>> 0));
  }
  return [...set];
}
