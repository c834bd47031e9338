/**
 * Modeled latency: nanoseconds per executed instruction, from a profile of a real machine.
 *
 *   instruction --K2's name for it--> profile entry, 1.0 when it has none, 0 for exit, NOP and `ja`
 *
 * `staticLatency` is K2's own estimate, the sum over all instructions whether they run or not; along an
 * executed path the interpreter adds up the same prices (Machine.latency).
 */
import { type Insn, OP_CALL, OP_LD_IMM64, PseudoCall, PseudoLd } from '../../isa/insn.ts';
import { type AluMnemonic, type OpSpec, specOf } from '../../isa/semantics.ts';
import { helperById, mapArgOf } from '../../program/tables/helpers.ts';
import { mapTypeName } from '../../program/tables/maps.ts';
import { K2_PROFILES } from './profiles.ts';

/** K2's opcode or `BPF_FUNC_<helper>` -> nanoseconds. */
export type LatencyProfile = Readonly<Record<string, number>>;

/** Price of an opcode or helper that a profile does not list. */
export const MISSING_PRICE = 1.0;
/** The profile that the paper's estimates use. */
export const DEFAULT_PROFILE: LatencyProfile = K2_PROFILES.d6515;

/** Operations that K2 does not know. */
const UNKNOWN_TO_K2: ReadonlySet<AluMnemonic> = new Set(['sdiv', 'smod', 'movsx', 'bswap']);
const SIZE = { 1: 'B', 2: 'H', 4: 'W', 8: 'DW' } as const;

/** How K2 spells the second operand: a constant, which also stands for none, or a register. */
function operandOf(spec: { operand: 'X' | 'K' | 'none' }): string {
  return spec.operand === 'X' ? 'XY' : 'XC';
}

/**
 * K2's name of an instruction, as its profile lists it; undefined when it has none. The profile spells the
 * 32-bit "not equal" jump JNEQ32 while K2 looks up JNE32, so it is priced as missing there and here.
 */
export function k2Name(i: Insn): string | undefined {
  const spec = specOf(i);
  return spec === undefined ? undefined : nameOf(spec, i);
}

function nameOf(spec: OpSpec, i: Insn): string | undefined {
  switch (spec.kind) {
    case 'alu': {
      if (UNKNOWN_TO_K2.has(spec.mnemonic)) return undefined;
      const stem = spec.mnemonic.toUpperCase();
      return spec.bits === undefined ? `${stem}${spec.width}${operandOf(spec)}` : `${stem}${spec.bits}`;
    }
    case 'jump':
      return `${spec.mnemonic.toUpperCase()}${spec.width === 32 ? '32' : ''}${operandOf(spec)}`;
    case 'load':
      return spec.signed || spec.acquire ? undefined : `LDX${SIZE[spec.size]}`;
    case 'store':
      return spec.release ? undefined : `ST${spec.operand === 'X' ? 'X' : ''}${SIZE[spec.size]}`;
    case 'atomic':
      return spec.mnemonic === 'add' ? `XADD${spec.size * 8}` : undefined;
    case 'ldabs':
      return `LD${spec.indirect ? 'IND' : 'ABS'}${SIZE[spec.size]}`;
    case 'ldimm64':
      return 'LDDW';
    case 'call':
      return spec.target === 'helper' ? `BPF_FUNC_${helperById(i.imm).name}` : undefined;
    default:
      return undefined;
  }
}

/**
 * Nanoseconds of one execution of an instruction. A profile may say more than K2's do: prices by
 * `OpSpec.name`, of helpers per map type (`BPF_FUNC_map_lookup_elem/hash`), and of helpers that it does not
 * list (`BPF_FUNC_*`).
 * @param map type of the map that a helper is called with
 */
export function priceOf(i: Insn, profile: LatencyProfile = DEFAULT_PROFILE, map?: number): number {
  const spec = specOf(i);
  if (spec === undefined) return MISSING_PRICE;
  if (spec.kind === 'exit' || spec.kind === 'goto') return 0;
  const name = nameOf(spec, i);
  const isHelper = spec.kind === 'call' && spec.target === 'helper';
  return (
    (map === undefined ? undefined : profile[`${name}/${mapTypeName(map)}`]) ??
    (name === undefined ? undefined : profile[name]) ??
    profile[isHelper ? ANY_HELPER : spec.name] ??
    MISSING_PRICE
  );
}
/** Key of the price of helpers that a profile does not list. */
export const ANY_HELPER = 'BPF_FUNC_*';

/** Prices of all instructions, with the maps that helpers are called with where the text shows them. */
export function pricesOf(
  insns: readonly Insn[],
  profile: LatencyProfile,
  maps: readonly { type: number }[],
): number[] {
  // Type of the map that a register points to, following the text.
  const held: (number | undefined)[] = [];
  return insns.map((i) => {
    if (i.op === OP_CALL) {
      const argument = i.src === PseudoCall.HELPER ? mapArgOf(helperById(i.imm)) : undefined;
      const price = priceOf(i, profile, argument === undefined ? undefined : held[argument + 1]);
      held.fill(undefined, 0, 6);
      return price;
    }
    const spec = specOf(i);
    if (i.op === OP_LD_IMM64 && i.src === PseudoLd.MAP_FD) held[i.dst] = maps[i.imm]?.type;
    else if (spec?.name === 'mov64.x') held[i.dst] = held[i.src];
    else if (spec?.kind === 'alu' || spec?.kind === 'load' || spec?.kind === 'ldimm64')
      held[i.dst] = undefined;
    return priceOf(i, profile);
  });
}

/** K2's estimate: the sum over all instructions, each once. */
export function staticLatency(insns: readonly Insn[], profile: LatencyProfile = DEFAULT_PROFILE): number {
  let sum = 0;
  for (const i of insns) sum += priceOf(i, profile);
  return sum;
}
