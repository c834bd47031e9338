/** Functions of the emitted module that guard, log and rewind memory. */
import { ENTRY, FaultCode, FRAME_STRIDE, HEAD, NULL_PAGE, STACK_BYTES } from '../memory/layout.ts';
import type { Code, Func } from './assembler.ts';
import * as w from './assembler.ts';
import { CELL, cell, every, FN, REGS_ADDRESS, SHADOW, setCell } from './parts.ts';

const p = w.get(0);
const n = w.get(1);

/** All ones in the low `n` bytes. */
const lowBytes = (count: Code): Code =>
  w.shru64(w.i64(-1n), w.extendU(w.shl32(w.sub32(w.i32(8), count), w.i32(3))));

const D = every(SHADOW.DIRTY, 8);

/** (p, n) -> 0 or a fault code. See FN.prepare. */
export function prepare(delta: number): Func {
  const [shadow, want, word] = [2, 3, 4];
  const all = (bits: number): Code => w.and64(w.get(want), w.i64(every(bits, 8)));
  const lacks = (bits: number): Code => w.ne64(w.and64(w.get(shadow), all(bits)), all(bits));
  const log = (at: Code): Code =>
    w.seq(
      w.set(word, at),
      w.when(
        w.eqz32(w.and32(w.load32u8(w.get(word), delta), w.i32(SHADOW.DIRTY))),
        w.seq(
          w.set(5, cell(CELL.LOG_TOP)),
          w.store32(w.get(5), w.get(word)),
          w.store64(w.get(5), w.load64(w.get(word)), 8),
          w.store64(w.get(5), w.load64(w.get(word), delta), 16),
          setCell(CELL.LOG_TOP, w.add32(w.get(5), w.i32(ENTRY))),
          w.store64(w.get(word), w.or64(w.load64(w.get(word), delta), w.i64(D)), delta),
        ),
      ),
    );
  const last = w.and32(w.add32(p, w.sub32(n, w.i32(1))), w.i32(~7));
  return {
    params: [w.I32, w.I32],
    results: [w.I32],
    locals: [w.I64, w.I64, w.I32, w.I32],
    body: w.seq(
      w.set(want, lowBytes(n)),
      w.set(shadow, w.load64(p, delta)),
      w.when(
        lacks(SHADOW.WRITE),
        w.ret(
          w.choose(w.I32, lacks(SHADOW.READ), w.i32(FaultCode.OUT_OF_BOUNDS), w.i32(FaultCode.READ_ONLY)),
        ),
      ),
      log(w.and32(p, w.i32(~7))),
      w.when(w.ne32(w.get(word), last), log(last)),
      w.store64(p, w.or64(w.load64(p, delta), all(SHADOW.READ)), delta),
      w.i32(0),
    ),
  };
}

/** (p, n, register) -> 0 or a fault code. See FN.slowLoad; register -1 means that only a fault is wanted. */
export function slowLoad(delta: number): Func {
  const [register, want, shadow] = [2, 3, 4];
  const all = (bits: number): Code => w.and64(w.get(want), w.i64(every(bits, 8)));
  return {
    params: [w.I32, w.I32, w.I32],
    results: [w.I32],
    locals: [w.I64, w.I64],
    body: w.seq(
      w.when(
        w.and32(w.load32u8(p, delta), w.i32(SHADOW.POINTER)),
        w.when(
          w.and32(w.eq32(w.load32u16(p, 2), n), w.eqz32(w.lts32(w.get(register), w.i32(0)))),
          w.seq(
            w.store64(w.get(register), w.load64(w.add32(cell(CELL.ARENA), w.load32u16(p))), REGS_ADDRESS),
            w.ret(w.i32(0)),
          ),
        ),
      ),
      w.set(want, lowBytes(n)),
      w.set(shadow, w.load64(p, delta)),
      w.choose(
        w.I32,
        w.eq64(w.and64(w.get(shadow), all(SHADOW.WRITE)), all(SHADOW.WRITE)),
        w.i32(FaultCode.UNINITIALISED),
        w.i32(FaultCode.OUT_OF_BOUNDS),
      ),
    ),
  };
}

/** (address) -> fault code. */
export const outside: Func = {
  params: [w.I64],
  results: [w.I32],
  locals: [],
  body: w.choose(
    w.I32,
    w.ltu64(w.get(0), w.i64(BigInt(NULL_PAGE))),
    w.i32(FaultCode.NULL_POINTER),
    w.i32(FaultCode.OUT_OF_BOUNDS),
  ),
};

/** Sets the shadow of the 512 bytes below a frame pointer: `bits`, keeping what marks logged words. */
function frame(bits: number, delta: number): Func {
  const [at, end] = [1, 2];
  return {
    params: [w.I64],
    results: [],
    locals: [w.I32, w.I32],
    body: w.seq(
      w.set(end, w.add32(w.wrap(w.sub64(w.get(0), w.load64(cell(CELL.ARENA), HEAD.BASE))), cell(CELL.ARENA))),
      w.set(at, w.sub32(w.get(end), w.i32(STACK_BYTES))),
      w.loop(
        w.seq(
          w.store64(
            w.get(at),
            w.or64(w.and64(w.load64(w.get(at), delta), w.i64(D)), w.i64(every(bits, 8))),
            delta,
          ),
          w.set(at, w.add32(w.get(at), w.i32(8))),
          w.brIf(0, w.ltu32(w.get(at), w.get(end))),
        ),
      ),
    ),
  };
}
export const openFrame = (delta: number): Func => frame(SHADOW.WRITE, delta);
export const closeFrame = (delta: number): Func => frame(0, delta);

/**
 * Rewinds the run: every logged word, newest first, then the shadow of the frames that local calls opened.
 */
export function undo(delta: number): Func {
  const [top, base, at, depth] = [0, 1, 2, 3];
  const r10 = w.load64(cell(CELL.ARENA), HEAD.R10);
  return {
    name: 'undo',
    params: [],
    results: [],
    locals: [w.I32, w.I32, w.I32, w.I32],
    body: w.seq(
      w.set(top, cell(CELL.LOG_TOP)),
      w.set(base, cell(CELL.LOG_BASE)),
      w.block(
        w.loop(
          w.seq(
            w.brIf(1, w.eq32(w.get(top), w.get(base))),
            w.set(top, w.sub32(w.get(top), w.i32(ENTRY))),
            w.set(at, w.load32(w.get(top))),
            w.store64(w.get(at), w.load64(w.get(top), 8)),
            w.store64(w.get(at), w.load64(w.get(top), 16), delta),
            w.br(0),
          ),
        ),
      ),
      setCell(CELL.LOG_TOP, w.get(base)),
      w.set(depth, cell(CELL.DEPTH)),
      w.block(
        w.loop(
          w.seq(
            w.brIf(1, w.eqz32(w.get(depth))),
            w.call(FN.closeFrame, w.sub64(r10, w.extendU(w.mul32(w.get(depth), w.i32(FRAME_STRIDE))))),
            w.set(depth, w.sub32(w.get(depth), w.i32(1))),
            w.br(0),
          ),
        ),
      ),
      setCell(CELL.DEPTH, w.i32(0)),
    ),
  };
}
