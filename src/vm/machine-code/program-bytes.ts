/**
 * Machine code of a whole program whose instructions are those that the kernel compiles (after its verifier's
 * rewriting).
 */
import { calleeOf, jumpTargets, slotOffsets } from '../../isa/flow.ts';
import { type Insn, isHelperCall, R10 } from '../../isa/insn.ts';
import { opcode, specOf } from '../../isa/semantics.ts';
import { Helper } from '../../program/tables/helpers.ts';
import { sizeOf } from './encoding.ts';
import { functionBytes, type Piece } from './layout.ts';
import type { JitTarget } from './target.ts';

/** What the kernel puts around and in the place of instructions. */
export interface Rewriting {
  /** Code before the program's first instruction. */
  prologue?: Rewritten;
  /** The code in the place of the instruction at an index; undefined: it stays as it is. */
  of(index: number): Rewritten | undefined;
}

/** Bytes; with `exits`, an exit of the program is among them, `after` it follow that many. */
export interface Rewritten {
  bytes: number;
  exits?: { after: number };
  /** Registers that it needs and that a function keeps for its caller. */
  saves?: readonly number[];
}

const AS_IT_IS: Rewriting = { of: () => undefined };

/** Bytes of push and pop of r6..r9. */
const SAVED: ReadonlyMap<number, number> = new Map([
  [6, 1],
  [7, 2],
  [8, 2],
  [9, 2],
]);

const MOVE = opcode('mov64.x');
/** The verifier's own: adds the base of the CPU's variables. */
const PER_CPU_ADDRESS = -1;

/** @param rewriting what the verifier replaces instructions by (rewriting.ts) */
export function machineCodeBytes(
  insns: readonly Insn[],
  target: JitTarget,
  rewriting: Rewriting = AS_IT_IS,
): number {
  const offsets = slotOffsets(insns);
  const jumps = jumpTargets(insns, offsets);
  const callees = insns.map((_, n) => calleeOf(insns, n, offsets));
  const starts = [...new Set([0, ...callees.filter((c) => c !== undefined)])].sort((a, b) => a - b);
  const ranges = starts.map((start, k) => ({ start, end: starts[k + 1] ?? insns.length }));
  const reaching = tailReaching(insns, ranges, callees);
  const isJoin = new Set(jumps);
  let total = 0;
  for (const { start, end } of ranges) {
    const body = insns.slice(start, end);
    const prologue = start === 0 ? rewriting.prologue : undefined;
    const frame = frameOf(body, prologue?.saves ?? [], target);
    const isTail = reaching.has(start);
    const pieces: Piece[] = prologue === undefined ? [] : piecesOf(prologue);
    const first = new Int32Array(body.length + 1);
    body.forEach((i, n) => {
      const index = start + n;
      first[n] = pieces.length;
      const own = rewriting.of(index);
      if (own !== undefined && specOf(i)?.kind !== 'exit') {
        pieces.push(...piecesOf(own));
        return;
      }
      const count = isTail && reaching.has(callees[index] ?? -1) ? target.tailCount : 0;
      const tail = isHelperCall(i, Helper.tail_call)
        ? frame.saved +
          frame.stack +
          target.tailCall[hasConstantIndex(insns, index, isJoin) ? 'direct' : 'indirect']
        : undefined;
      pieces.push(pieceOf(i, tail ?? plainBytes(i, target) + count, jumps[index], start));
    });
    // Until here targets are instructions of the body.
    for (const p of pieces) if (p.target !== undefined) p.target = first[p.target]!;
    const tailEntry = isTail ? target.tailEntry[start === 0 ? 'main' : 'other'] : 0;
    total += functionBytes(pieces, {
      entry: target.entry + frame.stack + tailEntry + frame.saved,
      exit: frame.saved + target.leave,
    });
  }
  return total;
}

function plainBytes(i: Insn, target: JitTarget): number {
  const spec = specOf(i);
  if (spec === undefined) return i.op === MOVE && i.off === PER_CPU_ADDRESS ? target.perCpuAddress : 0;
  return sizeOf(i, spec, target);
}

function piecesOf({ bytes, exits }: Rewritten): Piece[] {
  return exits === undefined ? [{ bytes }] : [{ bytes, ends: 'exit' }, { bytes: exits.after }];
}

function pieceOf(i: Insn, bytes: number, jumpsTo: number | undefined, start: number): Piece {
  const kind = specOf(i)?.kind;
  if (kind === 'exit') return { bytes, ends: 'exit' };
  if ((kind === 'jump' || kind === 'goto') && jumpsTo !== undefined)
    return { bytes, ends: kind, target: jumpsTo - start };
  return { bytes };
}

/** Bytes that push (and pop) the registers that a function keeps for its caller, and of its stack. */
function frameOf(
  body: readonly Insn[],
  saves: readonly number[],
  target: JitTarget,
): { saved: number; stack: number } {
  const uses = (r: number): boolean => saves.includes(r) || body.some((i) => i.dst === r || i.src === r);
  const saved = [...SAVED].reduce((sum, [r, n]) => sum + (uses(r) ? n : 0), 0);
  return { saved, stack: uses(R10) ? target.stack : 0 };
}

/** Whether a tail call's index is one constant, as far as the block that it is in shows. */
function hasConstantIndex(
  insns: readonly Insn[],
  call: number,
  isJoin: ReadonlySet<number | undefined>,
): boolean {
  let register = 3;
  for (let n = call - 1; n >= 0 && !isJoin.has(n + 1); n--) {
    const i = insns[n]!;
    const spec = specOf(i);
    if (spec?.kind === 'jump' || spec?.kind === 'store') continue;
    if (spec?.kind === 'call' || spec?.kind === 'ldabs') {
      if (register <= 5) return false;
      continue;
    }
    if (spec === undefined || spec.kind === 'goto' || spec.kind === 'exit') return false;
    if (i.dst !== register) continue;
    if (spec.kind !== 'alu' || spec.mnemonic !== 'mov') return false;
    if (spec.operand === 'K') return true;
    register = i.src;
  }
  return false;
}

/** Starts of the functions from which a tail call can be reached. */
function tailReaching(
  insns: readonly Insn[],
  ranges: readonly { start: number; end: number }[],
  callees: readonly (number | undefined)[],
): Set<number> {
  const reaching = new Set<number>();
  for (let size = -1; size !== reaching.size; ) {
    size = reaching.size;
    for (const { start, end } of ranges)
      for (let n = start; n < end; n++)
        if (isHelperCall(insns[n]!, Helper.tail_call) || reaching.has(callees[n] ?? -1)) reaching.add(start);
  }
  return reaching;
}
