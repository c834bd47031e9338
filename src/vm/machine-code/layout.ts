/**
 * Bytes of one function of machine code: its pieces in order, jumps as short as their distance allows.
 *
 *   pieces (bytes, and where a piece jumps to) --functionBytes--> bytes of the function
 *
 * As the kernel's compiler does: all jumps are long at first, and shrink until nothing changes.
 */

/** The machine code of one BPF instruction. Targets are indices of pieces. */
export interface Piece {
  /** Without the jump that it ends with. */
  bytes: number;
  ends?: 'jump' | 'goto' | 'exit';
  target?: number;
}

/** What stands around a function's body: `entry` before it, `exit` at its first exit. */
export interface Frame {
  entry: number;
  exit: number;
}

/** Distances that a two-byte jump reaches, with the kernel's margin. */
const SHORT = 123;
const SHORT_JUMP = 2;
const LONG_GOTO = 5;
const LONG_CONDITIONAL = 6;

export function functionBytes(pieces: readonly Piece[], frame: Frame): number {
  const firstExit = pieces.findIndex((p) => p.ends === 'exit');
  const tails = pieces.map((p, n) => tailLimit(p, n === firstExit, frame.exit));
  const ends = new Int32Array(pieces.length + 1);
  for (let changed = true; changed; ) {
    let at = frame.entry;
    ends[0] = at;
    for (const [n, p] of pieces.entries()) {
      at += p.bytes + tails[n]!;
      ends[n + 1] = at;
    }
    changed = false;
    for (const [n, p] of pieces.entries()) {
      if (p.ends === undefined || n === firstExit) continue;
      // The first exit's epilogue begins where its piece begins.
      const target = p.ends === 'exit' ? firstExit : p.target!;
      const distance = ends[target]! - ends[n + 1]!;
      const tail = tailOf(p, distance);
      if (tail < tails[n]!) {
        tails[n] = tail;
        changed = true;
      }
    }
  }
  return ends[pieces.length]!;
}

function tailLimit(p: Piece, isFirstExit: boolean, exit: number): number {
  if (p.ends === undefined) return 0;
  if (isFirstExit) return exit;
  return p.ends === 'jump' ? LONG_CONDITIONAL : LONG_GOTO;
}

/** A goto to the next instruction is left out. */
function tailOf(p: Piece, distance: number): number {
  if (p.ends === 'goto' && distance === 0) return 0;
  if (Math.abs(distance) <= SHORT) return SHORT_JUMP;
  return p.ends === 'jump' ? LONG_CONDITIONAL : LONG_GOTO;
}
