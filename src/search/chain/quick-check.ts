/**
 * Cheap static judgement of candidates, before the interpreter sees them: what the kernel verifier refuses
 * at sight.
 */
import { readsOf } from '../../analysis/index.ts';
import { CALLER_SAVED, registersWritten } from '../../isa/effects.ts';
import { constantError } from '../../isa/fields.ts';
import { type Insn, isNop, OP_EXIT, OP_LD_IMM64, PseudoCall, PseudoLd, R10 } from '../../isa/insn.ts';
import { opcode, type Relation, specOf } from '../../isa/semantics.ts';
import { helperById } from '../../program/tables/helpers.ts';
import { isEnd, jumpDistance } from './positions.ts';

/** What registers hold, as masks (bit n = rn). */
export interface EntryRegisters {
  /** Holds something, on every path. */
  defined: number;
  /** Holds a pointer on some path, one to the context, one that may be NULL. */
  pointers: number;
  context: number;
  nullable: number;
}

/** What is known of a window besides what its registers hold at its start. */
export interface WindowFacts {
  /** Offsets of context fields that give pointers. */
  pointerFields: ReadonlySet<number>;
  /** The source compares addresses as addresses only. */
  comparesAddresses: boolean;
  /**
   * What the source leaves behind: at the window's end, then at each place outside; undefined: it never comes
   * there.
   */
  left: readonly (Left | undefined)[];
}

/** Registers at a place where the source leaves the window. */
export interface Left {
  /** Read there, and held something. */
  defined: number;
  /** Read there, and might be NULL. */
  nullable: number;
  live: number;
}

const NOWHERE: WindowFacts = { pointerFields: new Set(), comparesAddresses: false, left: [] };

const [JEQ_K, JNE_K] = [opcode('jeq64.k'), opcode('jne64.k')];
/** What may be asked of addresses: equality, and unsigned order. */
const ADDRESS_RELATIONS: ReadonlySet<Relation> = new Set(['eq', 'ne', 'ugt', 'uge', 'ult', 'ule']);

/**
 * What candidates of a window must keep to, as far as the source does.
 * @param live registers that are read at the window's end, then at each place outside
 */
export function windowFactsOf(
  source: readonly Insn[],
  entry: EntryRegisters,
  pointerFields: ReadonlySet<number>,
  live: readonly number[],
): WindowFacts {
  const states: (EntryRegisters | undefined)[] = live.map(() => undefined);
  const known = { pointerFields, comparesAddresses: true, left: [] };
  const leave = (place: number, s: EntryRegisters): boolean => {
    const old = states[place];
    if (old === undefined) states[place] = { ...s };
    else join(old, s);
    return true;
  };
  if (!run(source, entry, known, leave)) return NOWHERE;
  const left = states.map((s, place): Left | undefined => {
    const mask = live[place] ?? 0;
    return s && { defined: s.defined & mask, nullable: s.nullable & mask, live: mask };
  });
  return { ...known, left };
}

/**
 * @param window by positions (positions.ts)
 * @returns false when an instruction reads a register that holds nothing there, can never be valid, or does
 *   with a pointer what may not be done with it, and when the code after the window could not be valid
 */
export function wellFormed(
  window: readonly Insn[],
  entry: EntryRegisters,
  around: WindowFacts = NOWHERE,
): boolean {
  return run(window, entry, around, (place, s) => {
    const left = around.left[place];
    if (left === undefined) return true;
    return (left.defined & ~s.defined) === 0 && (s.nullable & left.live & ~left.nullable) === 0;
  });
}

/**
 * @param leave says of each way out whether it may be left like that: 0 is the end, 1 + k the place k outside
 */
function run(
  window: readonly Insn[],
  entry: EntryRegisters,
  { pointerFields, comparesAddresses }: WindowFacts,
  leave: (place: number, s: EntryRegisters) => boolean,
): boolean {
  const n = window.length;
  const s = { ...entry };
  let here = true;
  let waiting: (EntryRegisters | undefined)[] | undefined;
  for (let at = 0; at < n; at++) {
    const i = window[at]!;
    const joined = waiting?.[at];
    if (joined !== undefined) {
      if (here) join(s, joined);
      else Object.assign(s, joined);
      here = true;
    }
    if (!here || isNop(i)) continue;
    if ((readsOf(i) & ~s.defined) !== 0) return false;
    const off = jumpDistance(i);
    if (off !== undefined || i.op === OP_EXIT) {
      if (off !== undefined) {
        if (comparesAddresses && !comparable(i, s)) return false;
        const target = at + 1 + off;
        const there = { ...s, nullable: i.op === JNE_K && i.imm === 0 ? afterCheck(s, i) : s.nullable };
        if (target >= n) {
          if (!leave(target - n, there)) return false;
        } else {
          waiting ??= [];
          const old = waiting[target];
          if (old === undefined) waiting[target] = there;
          else join(old, there);
        }
      }
      if (i.op === JEQ_K && i.imm === 0) s.nullable = afterCheck(s, i);
      if (isEnd(i)) here = false;
      continue;
    }
    const field = specOf(i)?.kind === 'load' && ((s.context >> i.src) & 1) === 1 && pointerFields.has(i.off);
    if (constantError(i) !== undefined || !step(i, s)) return false;
    if (field) s.pointers |= 1 << i.dst;
  }
  return !here || leave(0, s);
}

/**
 * Whether a jump may ask that of what it compares. Of an address the upper half and the sign are unknown, so
 * that nothing can be proven of a jump that looks at them, and no test shows a difference, because the
 * addresses of a test are alike.
 */
function comparable(i: Insn, s: EntryRegisters): boolean {
  const spec = specOf(i);
  if (spec?.kind !== 'jump') return true;
  if (spec.operand === 'K')
    return ((s.pointers >> i.dst) & 1) === 0 || ((i.op === JEQ_K || i.op === JNE_K) && i.imm === 0);
  if ((s.pointers & ((1 << i.dst) | (1 << i.src))) === 0) return true;
  return spec.width === 64 && ADDRESS_RELATIONS.has(spec.relation);
}

function join(s: EntryRegisters, other: EntryRegisters): void {
  s.defined &= other.defined;
  s.pointers |= other.pointers;
  s.context |= other.context;
  s.nullable |= other.nullable;
}

/**
 * A check of one pointer counts for all: copies of it are checked by it, others rarely wait at the same time.
 */
function afterCheck(s: EntryRegisters, i: Insn): number {
  return ((s.nullable >> i.dst) & 1) === 1 ? 0 : s.nullable;
}

/** Takes one instruction that is no jump; false when it may not do that with a pointer. */
function step(i: Insn, s: EntryRegisters): boolean {
  const spec = specOf(i);
  const dst = 1 << i.dst;
  switch (spec?.kind) {
    case 'store':
      if (i.dst === R10 && i.off % spec.size !== 0) return false;
      return (s.nullable & dst) === 0 && !(spec.operand === 'K' && (s.context & dst) !== 0);
    case 'atomic':
      if (i.dst === R10 && i.off % spec.size !== 0) return false;
      return ((s.context | s.nullable) & dst) === 0;
    case 'alu': {
      const src = spec.operand === 'X' ? 1 << i.src : 0;
      const wide = spec.width === 64;
      const moves = wide && spec.mnemonic === 'mov';
      const adds = wide && (spec.mnemonic === 'add' || spec.mnemonic === 'sub');
      const dstPointer = spec.readsDst && (s.pointers & dst) !== 0;
      const srcPointer = (s.pointers & src) !== 0;
      if ((dstPointer || srcPointer) && !moves && !adds) return false;
      if (!moves && (s.nullable & (src | (spec.readsDst ? dst : 0))) !== 0) return false;
      // The difference of two pointers is a number, and so are all other results.
      set(s, 'pointers', dst, moves ? srcPointer : srcPointer !== dstPointer);
      set(s, 'context', dst, moves ? (s.context & src) !== 0 : adds && (s.context & dst) !== 0);
      set(s, 'nullable', dst, moves && (s.nullable & src) !== 0);
      break;
    }
    case 'load':
      if (((s.nullable >> i.src) & 1) === 1 || (i.src === R10 && i.off % spec.size !== 0)) return false;
      forget(s, dst);
      break;
    case 'call': {
      forget(s, CALLER_SAVED);
      s.defined = (s.defined & ~CALLER_SAVED) | 1;
      if (i.src === PseudoCall.HELPER && helperById(i.imm).ret.endsWith('_or_null')) {
        s.pointers |= 1;
        s.nullable |= 1;
      }
      return true;
    }
    default:
      forget(s, registersWritten(i));
      if (i.op === OP_LD_IMM64 && i.src !== PseudoLd.IMM64) s.pointers |= dst;
  }
  s.defined |= registersWritten(i);
  return true;
}

function set(s: EntryRegisters, what: 'pointers' | 'context' | 'nullable', bit: number, on: boolean): void {
  s[what] = on ? s[what] | bit : s[what] & ~bit;
}

function forget(s: EntryRegisters, registers: number): void {
  s.pointers &= ~registers;
  s.context &= ~registers;
  s.nullable &= ~registers;
}
