/**
 * What the transfer functions share: the program, the rules in force, where findings go, and names for new
 * numbers.
 */
import { isKept, pinOf } from '../../program/edit.ts';
import type { MapDef, Program } from '../../program/program.ts';
import type { Hook } from '../../program/tables/hook-types.ts';
import { HOOKS, returnRangeOf } from '../../program/tables/hooks.ts';
import { lsmReturnRange } from '../../program/tables/lsm.ts';
import { mapType } from '../../program/tables/maps.ts';
import { type Cfg, controlFlow } from '../cfg/cfg.ts';
import type { Precision } from '../domain/scalar-ops.ts';
import { clobberStack, EMPTY_STACK, type Slot } from '../domain/stack.ts';
import { type AbstractState, current, IDS_PER_MERGE, retireId } from '../domain/state.ts';
import { ANY, type Readable, type Region, SOME_VALUE, type Value } from '../domain/value.ts';

export interface VerifierRules {
  /** Linux version as major * 100 + minor, where the verifier's rules differ. */
  linux: number;
  /** Reading stack bytes that were never written is allowed (Linux 6.3 and later, privileged programs). */
  uninitStack: boolean;
  precision: Precision;
}

export interface Env {
  readonly program: Program;
  readonly cfg: Cfg;
  readonly hook: Hook;
  readonly rules: VerifierRules;
  /** What the verifier demands of r0 at exit. */
  readonly exitRange: readonly [number, number] | undefined;
  /** Something that the kernel verifier refuses; `since`: that a later version accepts. */
  report(index: number, reason: string, since?: number): void;
  /** What is wrong with instructions by themselves, when they are reached. */
  readonly onRun: ReadonlyMap<number, string>;
  /** Loads and stores: the special kind of pointer that they were seen with, or ''. */
  readonly accessed: Map<number, string>;
  /** True for blocks that may run more than once in one run of the program. */
  readonly repeats: Uint8Array;
  /**
   * Number of an instruction that ids are made from: its index, or, in an edited program, the one it had
   * before (incremental.ts).
   */
  readonly labels?: Int32Array;
}

const NONE: ReadonlyMap<number, string> = new Map();

/** @param cfg of the program, where it is known */
export function makeEnv(
  program: Program,
  rules: VerifierRules,
  report: Env['report'],
  onRun = NONE,
  cfg: Cfg = controlFlow(program),
): Env {
  const hook = HOOKS[program.hook];
  const { attachType, section } = program;
  const exitRange =
    hook.name === 'lsm' ? lsmReturnRange(section, attachType, rules.linux) : returnRangeOf(hook, attachType);
  const accessed = new Map<number, string>();
  return { program, cfg, hook, rules, exitRange, report, onRun, accessed, repeats: repeatedBlocks(cfg) };
}

export function labelOf(env: Env, index: number): number {
  return env.labels === undefined ? index : env.labels[index]!;
}

/** Blocks inside loops (all between the ends of a back edge, in order) and blocks of subprograms. */
function repeatedBlocks(cfg: Cfg): Uint8Array {
  const out = new Uint8Array(cfg.blocks.length);
  for (const b of cfg.blocks) if (b.fn !== 0) out[b.id] = 1;
  for (const { from, to } of cfg.backEdges) {
    const order = cfg.order[cfg.blocks[to]!.fn]!;
    for (let n = cfg.rank[to]!; n <= cfg.rank[from]!; n++) out[order[n]!] = 1;
  }
  return out;
}

const IDS_PER_INSN = 16;
const IDS_PER_LABEL = IDS_PER_INSN + IDS_PER_MERGE;

/** The id of the `n`-th new number or object that instruction `index` makes; older holders of it lose it. */
export function newId(env: Env, state: AbstractState, index: number, n = 0): number {
  const id = labelOf(env, index) * IDS_PER_LABEL + n + 1;
  if (env.repeats[env.cfg.blockOf[index]!] === 1) retireId(state, id);
  return id;
}

/** First id for a merge before instruction `index`. */
export function mergeIds(env: Env, index: number): number {
  return labelOf(env, index) * IDS_PER_LABEL + IDS_PER_INSN;
}

/** The instruction's `imm` or `off` is not what will run: a relocation at load time decides. */
export function isProvisional(env: Env, index: number): boolean {
  const pin = env.program.pinned.size > 0 ? pinOf(env.program, index) : undefined;
  return pin !== undefined && !isKept(pin);
}

/** A register's value; reports when it may never have been written. */
export function readRegister(env: Env, state: AbstractState, index: number, n: number): Readable {
  const value = current(state).regs[n] ?? ANY;
  if (value.kind !== 'uninit') return value;
  env.report(index, `R${n} !read_ok`);
  return ANY;
}

export function writeRegister(env: Env, state: AbstractState, index: number, n: number, value: Value): void {
  if (n >= 10) env.report(index, 'frame pointer is read only');
  else current(state).regs[n] = value;
}

/** Somebody unknown may have written to all stack memory of the program. */
export function trashStacks(state: AbstractState): void {
  for (const frame of state.frames) {
    if (frame.stack === EMPTY_STACK) continue;
    frame.stack = frame.stack.map((slot): Slot | undefined =>
      slot === undefined
        ? undefined
        : { bytes: slot.bytes.map((b) => (b >= 0 ? -1 : b)), spill: undefined, spillSize: 0 },
    );
  }
}

/** [from, to) of a frame, as positions 0..512, becomes unknown but written. */
export function clobberFrame(env: Env, state: AbstractState, depth: number, from: number, to: number): void {
  const frame = state.frames[depth];
  if (frame !== undefined) frame.stack = clobberStack(frame.stack, from, to, env.rules.precision);
}

/** The map that a region belongs to; for inner maps the template, if there is one. */
export function mapOf(env: Env, r: Region): MapDef | undefined {
  if (r.kind !== 'map' && r.kind !== 'map_value') return undefined;
  const map = env.program.maps[r.map];
  return r.inner ? map?.inner : map;
}

/** The maps that a value may be of. */
export function mapsOf(env: Env, r: Region): readonly MapDef[] {
  const known = mapOf(env, r);
  if (r.key !== SOME_VALUE.key) return known === undefined ? [] : [known];
  return env.program.maps
    .flatMap((m) => (m.inner === undefined ? [m] : [m, m.inner]))
    .filter((m) => mapType(m.type)?.lookup.startsWith('value') === true);
}

/**
 * Types the kernel knows from BTF and this analysis does not: then nothing is said about pointers of unknown
 * kind.
 */
export function isLenient(env: Env, state: AbstractState): boolean {
  return env.hook.rawPointers === true || state.frames[0]!.fn !== 0;
}
