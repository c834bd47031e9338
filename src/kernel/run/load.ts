/**
 * Load verdict: does the running kernel accept this program, as its own type, with its maps?
 *
 *   Program --createMaps--> descriptors --encode--> bytes --PROG_LOAD--> accepted (what it costs) | refused
 *     (why)
 *
 * A session keeps the maps of one program open, so that many instruction lists for it are checked quickly.
 */

import type { Insn } from '../../isa/insn.ts';
import { isKept } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import { HOOKS, loadFlagsOf } from '../../program/tables/hooks.ts';
import { createMaps, isSettings } from '../syscall/maps.ts';
import { encodeWithMaps, type ProgInfo, type RawProgram } from '../syscall/programs.ts';
import { type Bpf, BpfError, Fds, type OpenBpf, openBpf, withFds } from '../syscall/syscall.ts';
import { attachBtfId, targetOf } from './attach-target.ts';
import { coreRecords } from './core-relocations.ts';
import { type Code, functionInfo, type LoadedBtf, loadBtfOf, referenced } from './function-info.ts';
import { type LoadResult, loadOnce } from './load-once.ts';
import type { VerifierEffort } from './log.ts';

export type { LoadResult } from './load-once.ts';

/**
 * The verifier's opinion as the optimizer uses it. 'not checked': nobody who could say was asked.
 * `withoutBtf`: why the kernel did not take the program's BTF; its global functions were verified with their
 * callers then. `effort` is there when it was asked for.
 */
export type LoadVerdict =
  | ({ status: 'accepted'; withoutBtf?: string; effort?: VerifierEffort } & ProgInfo)
  | { status: 'refused'; reason: string; insn?: number }
  | { status: 'not checked'; reason: string };

/** Which kernel is asked (default: the running one), and whether for its verifier's statistics, too. */
export interface KernelOptions {
  kernel?: OpenBpf;
  effort?: boolean;
}

interface SessionOptions {
  effort: boolean;
  /** Of what the program attaches to. */
  attachBtfId?: number;
}

const NEEDS_CORE = 'needs CO-RE relocation';

/** Why a program cannot be given to a kernel as it stands, also as another type; undefined when it can. */
export function notLoadable(program: Program): string | undefined {
  const why = (program.core?.size ?? 0) > 0 ? NEEDS_CORE : notPrepared(program);
  if (why !== undefined) return why;
  return targetOf(program) === undefined ? undefined : 'needs a BTF target to attach to';
}

/** The same for its own type, with the kernel's BTF at hand: to attach to it, and for CO-RE relocations. */
function notPrepared(program: Program): string | undefined {
  for (const [origin, why] of program.pinned) {
    if (isKept(why) || program.core?.has(origin) === true) continue;
    return /co-?re/i.test(why) ? NEEDS_CORE : `needs ${why}`;
  }
  if (program.hook === 'struct_ops' || program.hook === 'ext') return 'needs a target to attach to';
  return undefined;
}

function rawProgram(
  program: Program,
  insns: readonly Insn[],
  mapFds: readonly number[],
  attachBtfId?: number,
): RawProgram {
  return {
    ...(attachBtfId !== undefined && { attachBtfId }),
    progType: HOOKS[program.hook].progType,
    attachType: program.attachType ?? 0,
    flags: loadFlagsOf(program),
    license: program.license,
    name: program.name,
    code: encodeWithMaps(insns, mapFds),
  };
}

/** The same program as another type (for execution only), with other load flags. */
export interface LoadAs {
  progType: number;
  attachType: number;
  flags: number;
}

/**
 * The maps of one program, open, and the opinion about its original. `check` takes any instruction list for
 * the program. Close it.
 */
export class KernelSession {
  /** A candidate's refusal means something only when the original is accepted. */
  readonly original: LoadVerdict;
  readonly #bpf: Bpf;
  readonly #fds: Fds;
  readonly #program: Program;
  readonly #mapFds: readonly number[];
  readonly #btf: LoadedBtf;
  readonly #options: SessionOptions;

  private constructor(bpf: Bpf, program: Program, freezeSettings: boolean, options: SessionOptions) {
    this.#bpf = bpf;
    this.#program = program;
    this.#options = options;
    this.#fds = new Fds(bpf);
    try {
      this.#mapFds = createMaps(bpf, this.#fds, program.maps, 'check', freezeSettings);
      this.#btf = loadBtfOf(bpf, this.#fds, program);
      this.original = this.check(program);
    } catch (e) {
      this.#fds.close();
      throw e;
    }
  }

  /**
   * Settings in `.rodata` are unknown to the verifier if it accepts the original that way (an acceptance then
   * holds for every setting); else they are the constants that the file has.
   */
  static open(
    program: Program,
    { kernel = openBpf(), effort = false }: KernelOptions = {},
  ): { ok: true; session: KernelSession } | { ok: false; reason: string } {
    if (!kernel.ok) return kernel;
    const why = notPrepared(program);
    if (why !== undefined) return { ok: false, reason: why };
    const { bpf } = kernel;
    const target = targetOf(program);
    const found = target === undefined ? undefined : attachBtfId(bpf, target);
    if (found?.ok === false) return found;
    const options: SessionOptions = { effort, ...(found !== undefined && { attachBtfId: found.id }) };
    try {
      const session = new KernelSession(bpf, program, false, options);
      if (session.original.status !== 'refused' || !program.maps.some(isSettings))
        return { ok: true, session };
      session.close();
      return { ok: true, session: new KernelSession(bpf, program, true, options) };
    } catch (e) {
      if (e instanceof BpfError) return { ok: false, reason: e.message };
      throw e;
    }
  }

  /** Accepted or refused. Without `explain` a refusal's reason is only the errno, at a third of the cost. */
  check(version: Code | readonly Insn[], options: { explain?: boolean } = {}): LoadVerdict {
    const code = referenced(version);
    return withFds(this.#bpf, (fds) => {
      const ready = this.#prepare(fds, code);
      if (!ready.ok) return { status: 'not checked', reason: ready.reason };
      const explained = options.explain === false ? 0 : 4;
      const r = loadOnce(this.#bpf, fds, ready.raw, code.insns, explained, this.#options.effort);
      if (r.ok) {
        const effort = r.effort === undefined ? {} : { effort: r.effort };
        return { status: 'accepted', ...this.#withoutBtf(), ...r.info, ...effort };
      }
      return r.refused
        ? { status: 'refused', reason: r.reason, ...(r.insn === undefined ? {} : { insn: r.insn }) }
        : { status: 'not checked', reason: r.reason };
    });
  }

  /**
   * As `check`, with the verifier's whole log of level 1 (up to 16 MB) and the instruction where it stopped.
   */
  explain(version: Code | readonly Insn[]): LoadResult {
    const code = referenced(version);
    return withFds(this.#bpf, (fds) => {
      const ready = this.#prepare(fds, code);
      if (!ready.ok) return { ok: false, refused: false, reason: ready.reason, log: '' };
      return loadOnce(this.#bpf, fds, ready.raw, code.insns, 1);
    });
  }

  /** A version with all that is loaded along with it, or why it cannot be told whether it loads. */
  #prepare(fds: Fds, code: Code): { ok: true; raw: RawProgram } | { ok: false; reason: string } {
    const raw = rawProgram(this.#program, code.insns, this.#mapFds, this.#options.attachBtfId);
    const info = functionInfo(this.#bpf, fds, this.#btf, code);
    if (info !== undefined) raw.funcInfo = info;
    const { core } = this.#program;
    if (core === undefined || core.size === 0) return { ok: true, raw };
    if (code.origin === undefined)
      return { ok: false, reason: 'needs CO-RE relocation of instructions that are not known' };
    const records = coreRecords(core, code);
    if (records === undefined) return { ok: true, raw };
    // The records refer to the object's own BTF.
    if (this.#btf?.ok !== true || info?.btf !== this.#btf.fd) {
      const why = this.#btf?.ok === false ? ` (${this.#btf.reason})` : '';
      return { ok: false, reason: `${NEEDS_CORE}, and the kernel does not take its BTF${why}` };
    }
    raw.core = records;
    return { ok: true, raw };
  }

  #withoutBtf(): { withoutBtf?: string } {
    return this.#btf === undefined || this.#btf.ok ? {} : { withoutBtf: this.#btf.reason };
  }

  close(): void {
    this.#fds.close();
  }
}

/**
 * Loads a program as its own type, or `as` another one, with maps that are open already (`mapFds`) or made
 * for it. The descriptor belongs to `fds`. A refusal is explained: level 4 first, and with `full` the log of
 * level 1.
 */
export function loadProgram(
  bpf: Bpf,
  fds: Fds,
  program: Program,
  options: { mapFds?: readonly number[]; as?: LoadAs; full?: boolean } = {},
): LoadResult {
  const why = notLoadable(program);
  if (why !== undefined) return { ok: false, refused: false, reason: why, log: '' };
  try {
    const mapFds = options.mapFds ?? createMaps(bpf, fds, program.maps, 'check');
    const code = referenced(program);
    const raw: RawProgram = { ...rawProgram(program, code.insns, mapFds), ...options.as };
    // As another type its context has another name, so that its global functions would not be right.
    const btf = options.as === undefined ? loadBtfOf(bpf, fds, program) : undefined;
    const info = functionInfo(bpf, fds, btf, code, options.as !== undefined);
    if (info !== undefined) raw.funcInfo = info;
    return loadOnce(bpf, fds, raw, code.insns, options.full === true ? 1 : 4);
  } catch (e) {
    if (e instanceof BpfError) return { ok: false, refused: false, reason: e.message, log: '' };
    throw e;
  }
}

/** The verifier's opinion of one program; for many versions of it, use a `KernelSession`. */
export function accepts(program: Program, options: KernelOptions = {}): LoadVerdict {
  const opened = KernelSession.open(program, options);
  if (!opened.ok) return { status: 'not checked', reason: opened.reason };
  const { original } = opened.session;
  opened.session.close();
  return original;
}
