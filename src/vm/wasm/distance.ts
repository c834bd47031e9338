/**
 * How far a run's outcome is from the expected one: (arena) -> sum over all outputs, 0 exactly when they are
 * equal.
 *
 *   r0 in the width that the hook reads; packet boundaries; words that the source changes (the expected
 *     list); words that
 *   only the candidate changed (the undo log has what they should be); external calls; maps whose structure
 *     changed.
 *
 * Only bytes that somebody can see at the end count (shadow OUTPUT).
 */
import { ENTRY, HEAD } from '../memory/layout.ts';
import type { Code, Func } from './assembler.ts';
import * as w from './assembler.ts';
import { CELL, cell, every, FN, r, SHADOW } from './parts.ts';

const ONES = every(1, 8);
/** Shadow word to a mask of the bytes that are visible. */
const visible = (shadow: Code): Code =>
  w.mul64(w.and64(w.shru64(shadow, w.i64(BigInt(Math.log2(SHADOW.OUTPUT)))), w.i64(ONES)), w.i64(0xffn));

const A = { arena: 0, sum: 1, at: 2, end: 3, word: 4, x: 5, y: 6, mask: 7, i: 8 } as const;

const add = (amount: Code): Code => w.set(A.sum, w.add64(w.get(A.sum), amount));
const isBits = w.eqz32(cell(CELL.METRIC));

/** Adds the distance of the words x and y where `mask` has ones: differing bits, or the byte-wise |x - y|. */
const addWords = w.when(
  w.ne64(w.and64(w.xor64(w.get(A.x), w.get(A.y)), w.get(A.mask)), w.i64(0n)),
  w.whenElse(
    isBits,
    add(w.popcnt64(w.and64(w.xor64(w.get(A.x), w.get(A.y)), w.get(A.mask)))),
    w.seq(
      w.set(A.x, w.and64(w.get(A.x), w.get(A.mask))),
      w.set(A.y, w.and64(w.get(A.y), w.get(A.mask))),
      w.set(A.i, w.i32(8)),
      w.loop(
        w.seq(
          add(difference(w.and64(w.get(A.x), w.i64(0xffn)), w.and64(w.get(A.y), w.i64(0xffn)))),
          w.set(A.x, w.shru64(w.get(A.x), w.i64(8n))),
          w.set(A.y, w.shru64(w.get(A.y), w.i64(8n))),
          w.brIf(0, w.tee(A.i, w.sub32(w.get(A.i), w.i32(1)))),
        ),
      ),
    ),
  ),
);

/** |a - b| of unsigned values. */
function difference(a: Code, b: Code): Code {
  return w.choose(w.I64, w.gtu64(a, b), w.sub64(a, b), w.sub64(b, a));
}

/**
 * Adds the distance of the values x and y: absolute differences are cut at 2^32, so that sums stay exact in a
 * double.
 */
const addValues = w.when(
  w.ne64(w.get(A.x), w.get(A.y)),
  w.whenElse(
    isBits,
    add(w.popcnt64(w.xor64(w.get(A.x), w.get(A.y)))),
    w.seq(
      w.set(A.x, difference(w.get(A.x), w.get(A.y))),
      add(w.choose(w.I64, w.gtu64(w.get(A.x), w.i64(0x1_0000_0000n)), w.i64(0x1_0000_0000n), w.get(A.x))),
    ),
  ),
);

const head = (offset: number): Code => w.load32(w.get(A.arena), offset);

const addR0 = w.seq(
  w.set(A.x, w.and64(r(0), w.load64(w.i32(0), CELL.R0_MASK))),
  w.set(A.y, w.load64(w.get(A.arena), HEAD.EXPECTED_R0)),
  addValues,
);

const addEdge = (now: number, expected: number): Code =>
  w.when(
    w.ne64(w.load64(w.get(A.arena), now), w.load64(w.get(A.arena), expected)),
    add(w.load64(w.i32(0), CELL.EDGE_COST)),
  );

/** Runs `body` for every entry of a list from `at` to `end`. */
const forEntries = (first: Code, last: Code, body: Code): Code =>
  w.seq(
    w.set(A.at, first),
    w.set(A.end, last),
    w.block(
      w.loop(
        w.seq(
          w.brIf(1, w.geu32(w.get(A.at), w.get(A.end))),
          w.set(A.word, w.load32(w.get(A.at))),
          body,
          w.set(A.at, w.add32(w.get(A.at), w.i32(ENTRY))),
          w.br(0),
        ),
      ),
    ),
  );

/** Where a window ended, and its registers, each in its live bits; distances are cut as r0's. */
const addRegisters = w.seq(
  w.when(w.ne32(cell(CELL.PC), head(HEAD.EXPECTED_PC)), add(w.load64(w.i32(0), CELL.EDGE_COST))),
  ...Array.from({ length: 11 }, (_, n) =>
    w.seq(
      w.set(A.x, w.and64(r(n), w.load64(w.get(A.arena), HEAD.LIVE_REGS + 8 * n))),
      w.set(A.y, w.load64(w.get(A.arena), HEAD.EXPECTED_REGS + 8 * n)),
      addValues,
    ),
  ),
);

/** @param window compare the place where the window ended and all live registers instead of r0 */
export function distance(delta: number, window: boolean): Func {
  const now = w.load64(w.get(A.word));
  const shadow = w.load64(w.get(A.word), delta);
  const expected = forEntries(
    head(HEAD.EXPECTED),
    w.add32(head(HEAD.EXPECTED), w.mul32(head(HEAD.EXPECTED_COUNT), w.i32(ENTRY))),
    w.seq(
      w.set(A.mask, w.and64(visible(shadow), w.load64(w.get(A.at), 16))),
      w.set(A.x, now),
      w.set(A.y, w.load64(w.get(A.at), 8)),
      addWords,
    ),
  );
  const unexpected = forEntries(
    cell(CELL.LOG_BASE),
    cell(CELL.LOG_TOP),
    w.when(
      w.eqz32(w.and32(w.load32u8(w.get(A.word), delta), w.i32(SHADOW.EXPECTED))),
      w.seq(w.set(A.mask, visible(shadow)), w.set(A.x, now), w.set(A.y, w.load64(w.get(A.at), 8)), addWords),
    ),
  );
  const calls = head(HEAD.CALLS);
  const wanted = head(HEAD.EXPECTED_CALLS);
  const missing = w.choose(w.I32, w.gtu32(wanted, calls), w.sub32(wanted, calls), w.i32(0));
  return {
    params: [w.I32],
    results: [w.I64],
    locals: [w.I64, w.I32, w.I32, w.I32, w.I64, w.I64, w.I64, w.I32],
    body: w.seq(
      window ? addRegisters : addR0,
      addEdge(HEAD.DATA, HEAD.EXPECTED_DATA),
      addEdge(HEAD.DATA_END, HEAD.EXPECTED_DATA_END),
      addEdge(HEAD.DATA_META, HEAD.EXPECTED_DATA_META),
      expected,
      unexpected,
      w.when(
        w.or32(w.ne32(calls, wanted), head(HEAD.WRONG_CALLS)),
        add(w.mul64(w.load64(w.i32(0), CELL.CALL_COST), w.extendU(w.add32(head(HEAD.WRONG_CALLS), missing)))),
      ),
      w.when(
        w.or32(head(HEAD.STRUCTURE), head(HEAD.EXPECTED_STRUCTURE)),
        add(w.extendU(w.call(FN.structure))),
      ),
      w.get(A.sum),
    ),
  };
}
