/**
 * What the kernel is told about the functions of a program, as libbpf tells it: the object's own BTF and, for
 * each function, its type there. By it global functions are verified alone. A program without BTF, or whose
 * BTF the kernel does not take, is loaded without, and all its functions are static then.
 */
import { EditError, retain } from '../../isa/edit.ts';
import { calleeOf, slotOffsets } from '../../isa/flow.ts';
import { type Insn, isHelperCall, OP_CALL, OP_LD_IMM64, PseudoCall, PseudoLd } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { contractOf, isExceptionCallback } from '../../program/contracts/contract.ts';
import type { FunctionRange, Program } from '../../program/program.ts';
import { Helper } from '../../program/tables/helpers.ts';
import { Attr, type Bpf, Cmd, errnoName, type Fds } from '../syscall/syscall.ts';
import { callbackInfo } from './btf.ts';

/** A BTF object and function records (instruction offset, type) that refer to it. */
export interface FunctionInfo {
  btf: number;
  records: Uint8Array;
}

/** What is loaded of a version of a program. */
export type Code = Pick<Program, 'insns' | 'functions'> & Partial<Pick<Program, 'origin'>>;

/** A program's BTF in the kernel; undefined: it has none. */
export type LoadedBtf = { ok: true; fd: number } | { ok: false; reason: string } | undefined;

/** @param fds owns the BTF object */
export function loadBtfOf(bpf: Bpf, fds: Fds, { btf, functions }: Program): LoadedBtf {
  if (btf === undefined) {
    const isGlobal = functions.slice(1).some((f) => contractOf(f).verified === 'alone');
    return isGlobal ? { ok: false, reason: 'it was left out' } : undefined;
  }
  const attr = new Attr(32).u64(0, bpf.address(btf)).u32(16, btf.length);
  const fd = bpf.call(Cmd.BTF_LOAD, attr.bytes, 32);
  return fd >= 0 ? { ok: true, fd: fds.own(fd, 'load BTF') } : { ok: false, reason: errnoName(fd) };
}

/**
 * @param fds owns what is made for this load alone
 * @param forRuns the program only has to run: without its own BTF it gets what it needs
 */
export function functionInfo(
  bpf: Bpf,
  fds: Fds,
  btf: LoadedBtf,
  code: Code,
  forRuns = false,
): FunctionInfo | undefined {
  const types = code.functions.map((f) => contractOf(f).btfType);
  if (btf?.ok !== true || types.some((t) => t === undefined)) {
    // Of an object without BTF libbpf has no records either; bare instructions get some of our own.
    const isBare = code.functions.every((f) => f.contract === undefined);
    return (isBare || forRuns) && needsFunctionInfo(code.insns)
      ? callbackInfo(bpf, fds, code.insns)
      : undefined;
  }
  const offsets = slotOffsets(code.insns);
  const records = new Attr(8 * types.length);
  code.functions.forEach((f, n) => {
    records.u32(8 * n, offsets[f.start] ?? 0).u32(8 * n + 4, types[n]!);
  });
  return { btf: btf.fd, records: records.bytes };
}

/**
 * Callbacks, and tail calls or legacy packet loads beside subprograms: the verifier then wants to know what
 * the functions are (and that they return an int).
 */
function needsFunctionInfo(insns: readonly Insn[]): boolean {
  const calls = insns.filter((i) => i.op === OP_CALL);
  if (calls.some((i) => i.src === PseudoCall.LOCAL)) {
    const leavesEarly = (i: Insn): boolean =>
      isHelperCall(i, Helper.tail_call) || specOf(i)?.kind === 'ldabs';
    if (insns.some(leavesEarly)) return true;
  }
  return insns.some((i) => i.op === OP_LD_IMM64 && i.src === PseudoLd.FUNC);
}

/** Instructions of which nobody says where functions are. */
function oneFunction(insns: readonly Insn[]): Code {
  return { insns, functions: [{ name: '', start: 0, end: insns.length }] };
}

/** A version as libbpf loads it: without functions that nothing refers to any more. */
export function referenced(version: Code | readonly Insn[]): Code {
  const code = 'insns' in version ? version : oneFunction(version);
  const { insns, functions, origin } = code;
  if (functions.length < 2) return code;
  const offsets = slotOffsets(insns);
  const used = new Set<FunctionRange>(functions.filter((f, n) => n === 0 || isExceptionCallback(f)));
  for (const f of used)
    for (let at = f.start; at < f.end; at++) {
      const start = calleeOf(insns, at, offsets);
      const callee = start === undefined ? undefined : functions.find((g) => g.start === start);
      if (callee !== undefined) used.add(callee);
    }
  if (used.size === functions.length) return code;
  try {
    const isUsed = (at: number): boolean => functions.some((f) => used.has(f) && at >= f.start && at < f.end);
    const kept = retain(insns, (_, at) => isUsed(at));
    const { map } = kept;
    return {
      insns: kept.insns,
      ...(origin === undefined ? {} : { origin: origin.filter((_, at) => isUsed(at)) }),
      functions: functions
        .filter((f) => used.has(f))
        .map((f) => ({ ...f, start: map[f.start]!, end: map[f.end]! })),
    };
  } catch (e) {
    // What jumps nowhere is loaded as it is: the kernel says so.
    if (e instanceof EditError) return code;
    throw e;
  }
}
