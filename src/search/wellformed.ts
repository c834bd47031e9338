/** Cheap static judgement of candidates, before the interpreter sees them: what the kernel's checker refuses at sight. */
import { CALLER_SAVED, registersRead, registersWritten } from '../isa/effects.ts';
import { constantError } from '../isa/fields.ts';
import {
  type Insn,
  isNop,
  OP_CALL,
  OP_EXIT,
  OP_LD_IMM64,
  PseudoCall,
  PseudoLd,
  Source,
} from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import { helperById } from '../program/helpers.ts';
import { isEnd, jumpDistance } from './flow.ts';

/** What registers hold where the window starts, as masks (bit n = rn). */
export interface Entry {
  /** Holds something. */
  defined: number;
  /** Holds a pointer, and which of them the context. */
  pointers: number;
  context: number;
}

const R10_MASK = 1 << 10;

const NEVER = 0;
/** Set in what waits at a position, so that it is never 0. */
const REACHED = 1 << 11;
const [MOV64, ADD64, SUB64] = [0xb7, 0x07, 0x17];

/** Registers that a call or any other instruction reads. */
function reads(i: Insn): number {
  if (i.op !== OP_CALL || i.src !== PseudoCall.HELPER) return registersRead(i);
  return ((1 << helperById(i.imm).args.length) - 1) << 1;
}

/**
 * @param window by positions (flow.ts)
 * @returns false when an instruction reads a register that holds nothing there, can never be valid, or does with a
 * pointer what may not be done with it
 */
export function wellFormed(window: readonly Insn[], entry: Entry): boolean {
  const n = window.length;
  // What holds on every path so far (defined), or on some (pointers, context).
  let { defined, pointers, context } = entry;
  let here = true;
  let waiting: { defined: Int32Array; pointers: Int32Array; context: Int32Array } | undefined;
  for (let at = 0; at < n; at++) {
    if (waiting !== undefined && waiting.defined[at] !== NEVER) {
      defined = (here ? defined : ~0) & waiting.defined[at]!;
      pointers = (here ? pointers : 0) | waiting.pointers[at]!;
      context = (here ? context : 0) | waiting.context[at]!;
      here = true;
    }
    if (!here) continue;
    const i = window[at]!;
    if (isNop(i)) continue;
    if ((reads(i) & ~defined) !== 0) return false;
    if (constantError(i) !== undefined) return false;
    const off = jumpDistance(i);
    if (off !== undefined) {
      if (at + 1 + off < n) {
        waiting ??= {
          defined: new Int32Array(n),
          pointers: new Int32Array(n),
          context: new Int32Array(n),
        };
        const t = at + 1 + off;
        waiting.defined[t] = (waiting.defined[t] === NEVER ? ~0 : waiting.defined[t]!) & (defined | REACHED);
        waiting.pointers[t]! |= pointers;
        waiting.context[t]! |= context;
      }
      if (isEnd(i)) here = false;
      continue;
    }
    if (i.op === OP_EXIT) {
      here = false;
      continue;
    }
    const written = registersWritten(i);
    const kept = afterwards(i, pointers, context);
    if (kept === undefined) return false;
    defined |= written;
    pointers = kept.pointers;
    context = kept.context;
    if (i.op === OP_CALL) {
      defined = (defined & ~CALLER_SAVED) | 1;
      pointers &= ~CALLER_SAVED;
      context &= ~CALLER_SAVED;
    }
  }
  return true;
}

/** Masks after an instruction; undefined when it may not do that with a pointer. */
function afterwards(
  i: Insn,
  pointers: number,
  context: number,
): { pointers: number; context: number } | undefined {
  const spec = specOf(i);
  const dst = 1 << i.dst;
  switch (spec?.kind) {
    case 'store':
      if (spec.operand === 'K' && (context & dst) !== 0) return undefined;
      return { pointers, context };
    case 'atomic':
      if ((context & dst) !== 0) return undefined;
      return { pointers, context };
    case 'alu': {
      const src = spec.operand === 'X' ? 1 << i.src : 0;
      const code = i.op & ~Source.X;
      const moves = code === MOV64 && i.off === 0;
      const adds = code === ADD64 || code === SUB64;
      const dstPointer = spec.readsDst && (pointers & dst) !== 0;
      const srcPointer = (pointers & src) !== 0;
      if ((dstPointer || srcPointer) && !moves && !adds) return undefined;
      const isPointer = srcPointer !== dstPointer || (srcPointer && moves);
      const isContext = moves ? (context & src) !== 0 : spec.readsDst && (context & dst) !== 0;
      return {
        pointers: isPointer ? pointers | dst : pointers & ~dst,
        context: isContext ? context | dst : context & ~dst,
      };
    }
    default: {
      const written = registersWritten(i) & ~R10_MASK;
      const map = i.op === OP_LD_IMM64 && i.src !== PseudoLd.IMM64;
      return {
        pointers: map ? pointers | dst : pointers & ~written,
        context: context & ~written,
      };
    }
  }
}
