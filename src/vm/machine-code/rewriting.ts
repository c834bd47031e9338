/**
 * What the kernel's verifier puts in the place of instructions before they are compiled (Linux 6.18), in
 * bytes of machine code: context accesses, lookups of maps, divisions, legacy packet loads.
 *
 *   Program, pointers known at each instruction --rewritingOf--> bytes per rewritten instruction
 */
import { ANALYSIS_RULES, type Analysis, analyze } from '../../analysis/analyze.ts';
import { current } from '../../analysis/domain/state.ts';
import type { Value } from '../../analysis/domain/value.ts';
import type { VerifierRules } from '../../analysis/transfer/env.ts';
import { type Insn, insn, OP_CALL } from '../../isa/insn.ts';
import type { AluOp, LdAbsOp } from '../../isa/opspec.ts';
import { isDivision, opcode, specOf } from '../../isa/semantics.ts';
import type { MapDef, Program } from '../../program/program.ts';
import { Helper } from '../../program/tables/helpers.ts';
import type { HookName } from '../../program/tables/hook-types.ts';
import { MapTypeId } from '../../program/tables/maps.ts';
import { contextBytes } from './context-bytes.ts';
import { CALL, sizeOf } from './encoding.ts';
import type { Rewriting, Rewritten } from './program-bytes.ts';
import type { JitTarget } from './target.ts';

const SHORT_JUMP = 2;

/** Dead code goes where the kernel sees that it is dead. */
const KERNEL_RULES: VerifierRules = { ...ANALYSIS_RULES, precision: 'kernel' };

/** @param analysis of the program; made when it is not given */
export function rewritingOf(
  program: Program,
  target: JitTarget,
  analysis: Analysis = analyze(program, KERNEL_RULES),
): Rewriting {
  const valueAt = (index: number, register: number): Value | undefined => {
    const state = analysis.stateBefore(index);
    return state === undefined ? undefined : current(state).regs[register];
  };
  const isTo = (kind: 'ctx' | 'packet', index: number, register: number): boolean => {
    const value = valueAt(index, register);
    return value?.kind === 'pointer' && value.region.kind === kind;
  };
  const writesPacket = (i: Insn, index: number): boolean => {
    const kind = specOf(i)?.kind;
    return (kind === 'store' || kind === 'atomic') && isTo('packet', index, i.dst);
  };
  const isUncloned = UNCLONED.has(program.hook) && program.insns.some(writesPacket);
  return {
    ...(isUncloned && { prologue: uncloneBytes(target) }),
    of(index) {
      const i = program.insns[index]!;
      const spec = specOf(i);
      if (spec === undefined) return undefined;
      if (analysis.stateBefore(index) === undefined) return { bytes: 0 };
      switch (spec.kind) {
        case 'load':
        case 'store': {
          const isLoad = spec.kind === 'load';
          if (!isTo('ctx', index, isLoad ? i.src : i.dst)) return undefined;
          const bytes = contextBytes(program.hook, isLoad ? 'r' : 'w', spec.size, i.off);
          return bytes === undefined ? undefined : { bytes };
        }
        case 'alu':
          return isDivision(spec.mnemonic) && spec.operand === 'X'
            ? divisionBytes(i, spec, target)
            : undefined;
        case 'ldabs':
          return legacyLoadBytes(i, spec, target);
        case 'call': {
          if (spec.target !== 'helper') return undefined;
          const bytes = helperBytes(i, () => mapOf(program, valueAt(index, 1)), target);
          return bytes === undefined ? undefined : { bytes };
        }
        default:
          return undefined;
      }
    },
  };
}

/** Hooks whose packet may be a clone: written packets are made the program's own first. */
const UNCLONED: ReadonlySet<HookName> = new Set(['sched_cls', 'sched_act', 'sk_skb', 'lwt_xmit']);

/** `if (skb->cloned && bpf_skb_pull_data(skb, 0) < 0) return TC_ACT_SHOT` */
function uncloneBytes(target: JitTarget): Rewritten {
  const code = [
    insn(opcode('ldx.b'), 6, 1, 126),
    insn(opcode('and32.k'), 6, 0, 0, 1),
    insn(opcode('jeq64.k'), 6),
    insn(opcode('mov64.x'), 6, 1),
    insn(opcode('xor64.x'), 2, 2),
    insn(OP_CALL),
    insn(opcode('jeq64.k'), 0),
    insn(opcode('mov32.k'), 0, 0, 0, 2),
  ];
  const bytes = code.reduce((sum, i) => sum + size(i, target), 0) + 2 * SHORT_JUMP;
  return { bytes, exits: { after: size(insn(opcode('mov64.x'), 1, 6), target) }, saves: [6] };
}

/** A test around a division, so that division by zero has the result that BPF gives it. */
function divisionBytes(i: Insn, { width, mnemonic }: AluOp, target: JitTarget): Rewritten {
  const isRemainder = mnemonic === 'mod' || mnemonic === 'smod';
  const test = size(insn(opcode(`jeq${width}.k`), i.src), target) + SHORT_JUMP;
  const zero = SHORT_JUMP + size(insn(opcode('xor32.x'), i.dst, i.dst), target);
  const rest = width === 32 ? SHORT_JUMP + size(insn(opcode('mov32.x'), i.dst, i.dst), target) : 0;
  return { bytes: test + size(i, target) + (isRemainder ? rest : zero) };
}

/** Arguments, a call, and an exit with 0 when it fails. */
function legacyLoadBytes(i: Insn, { indirect }: LdAbsOp, target: JitTarget): Rewritten {
  const offset = indirect
    ? [insn(opcode('mov64.x'), 2, i.src), ...(i.imm === 0 ? [] : [insn(opcode('add64.k'), 2, 0, 0, i.imm)])]
    : [insn(opcode('mov64.k'), 2, 0, 0, i.imm)];
  const code = [
    ...offset,
    insn(opcode('mov64.x'), 1, 6),
    insn(OP_CALL),
    insn(opcode('jsge64.k'), 0),
    insn(opcode('xor32.x'), 0, 0),
  ];
  return { bytes: code.reduce((sum, c) => sum + size(c, target), 0) + SHORT_JUMP, exits: { after: 0 } };
}

const size = (i: Insn, target: JitTarget): number => sizeOf(i, specOf(i)!, target);

function mapOf(program: Program, value: Value | undefined): MapDef | undefined {
  if (value?.kind !== 'pointer' || value.region.kind !== 'map' || value.region.inner) return undefined;
  return program.maps[value.region.map];
}

function helperBytes(i: Insn, map: () => MapDef | undefined, target: JitTarget): number | undefined {
  switch (i.imm) {
    case Helper.map_lookup_elem: {
      const def = map();
      return def === undefined ? undefined : lookupBytes(def, target);
    }
    case Helper.get_smp_processor_id:
      // Address of the number, made this CPU's, and its load.
      return 7 + target.perCpuAddress + 3;
    default:
      return undefined;
  }
}

const round8 = (n: number): number => Math.ceil(n / 8) * 8;
const HASH_HEADER = 48;
const ARRAY_VALUES = 0x138;

function lookupBytes(def: MapDef, target: JitTarget): number | undefined {
  const bytes = (...code: Insn[]): number => code.reduce((sum, i) => sum + size(i, target), 0);
  const add = (n: number): Insn => insn(opcode('add64.k'), 0, 0, 0, n);
  const isNull = insn(opcode('jeq64.k'), 0);
  const value = add(HASH_HEADER + round8(def.keySize));
  switch (def.type) {
    case MapTypeId.ARRAY:
    case MapTypeId.PERCPU_ARRAY: {
      const step = round8(def.valueSize);
      const isPower = (step & (step - 1)) === 0;
      const perCpu = def.type === MapTypeId.PERCPU_ARRAY;
      const scale = perCpu
        ? insn(opcode('lsh64.k'), 0, 0, 0, 3)
        : isPower
          ? insn(opcode('lsh64.k'), 0, 0, 0, Math.log2(step))
          : insn(opcode('mul64.k'), 0, 0, 0, step);
      const common = bytes(
        insn(opcode('add64.k'), 1, 0, 0, ARRAY_VALUES),
        insn(opcode('ldx.w'), 0, 2),
        insn(opcode('jge64.k'), 0, 0, 0, def.maxEntries),
        scale,
        insn(opcode('add64.x'), 0, 1),
        insn(opcode('mov64.k'), 0),
      );
      const percpu = perCpu ? bytes(insn(opcode('ldx.dw'), 0, 0)) + target.perCpuAddress : 0;
      return common + percpu + 2 * SHORT_JUMP;
    }
    case MapTypeId.HASH:
      return CALL + bytes(isNull, value) + SHORT_JUMP;
    case MapTypeId.LRU_HASH:
      return (
        CALL +
        bytes(
          isNull,
          insn(opcode('ldx.b'), 1, 0),
          insn(opcode('jne64.k'), 1),
          insn(opcode('st.b'), 0),
          value,
        ) +
        2 * SHORT_JUMP
      );
    case MapTypeId.PERCPU_HASH:
      return CALL + bytes(isNull, value, insn(opcode('ldx.dw'), 0, 0)) + target.perCpuAddress + SHORT_JUMP;
    default:
      return undefined;
  }
}
