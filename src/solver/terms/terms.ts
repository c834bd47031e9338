/**
 * Store of hash-consed bit-vector terms: equal terms are the same number.
 *
 *   in:   an operation and its operands (terms of the same store)
 *   out:  a `Term`, an index into the store's columns; operands always have smaller indices
 *
 * Widths are 1..64. Truth values are terms of width 1. The store only shares; folding is in build.ts, normal
 * forms are in simplify/.
 */
import { MASKS, OP_ROWS, Op, type OpCode } from './ops.ts';

/** Index of a term in its store. */
export type Term = number;

const START = 1024;

export class TermStore {
  /** Number of terms. */
  count = 0;
  private opCol = new Uint8Array(START);
  private widthCol = new Uint8Array(START);
  private aCol = new Int32Array(START);
  private bCol = new Int32Array(START);
  private cCol = new Int32Array(START);
  private next = new Int32Array(START);
  private heads = new Int32Array(START * 2).fill(-1);
  private readonly values = new Map<Term, bigint>();
  private readonly names = new Map<Term, string>();
  private readonly vars = new Map<string, Term>();
  private readonly memories: string[] = [];

  op(t: Term): OpCode {
    return this.opCol[t] as OpCode;
  }
  width(t: Term): number {
    return this.widthCol[t]!;
  }
  a(t: Term): number {
    return this.aCol[t]!;
  }
  b(t: Term): number {
    return this.bCol[t]!;
  }
  c(t: Term): number {
    return this.cCol[t]!;
  }
  isConst(t: Term): boolean {
    return this.opCol[t] === Op.Const;
  }
  /** Value of a constant term, unsigned. */
  value(t: Term): bigint {
    return this.values.get(t)!;
  }
  /** Value of a constant, undefined for every other term. */
  constant(t: Term): bigint | undefined {
    return this.opCol[t] === Op.Const ? this.values.get(t) : undefined;
  }
  /** Name of a variable term. */
  name(t: Term): string {
    return this.names.get(t)!;
  }
  /** Name of the memory that a Read term reads. */
  memory(t: Term): string {
    return this.memories[this.bCol[t]!]!;
  }

  const(value: bigint, width: number): Term {
    const v = value & MASKS[width]!;
    const before = this.count;
    const t = this.node(Op.Const, width, Number(v & 0xffff_ffffn) | 0, Number(v >> 32n) | 0, 0);
    if (t === before) this.values.set(t, v);
    return t;
  }

  /** The variable of that name; one name has one width. */
  var(name: string, width: number): Term {
    const known = this.vars.get(name);
    if (known !== undefined) {
      if (this.width(known) !== width)
        throw new Error(`variable ${name} has width ${this.width(known)}, not ${width}`);
      return known;
    }
    const t = this.node(Op.Var, width, this.vars.size, 0, 0);
    this.vars.set(name, t);
    this.names.set(t, name);
    return t;
  }

  /** Byte of the initial contents of `memory` at a 64-bit address. */
  read(memory: string, address: Term): Term {
    let m = this.memories.indexOf(memory);
    if (m < 0) m = this.memories.push(memory) - 1;
    return this.node(Op.Read, 8, address, m, 0);
  }

  /** The term with exactly these columns. */
  node(op: OpCode, width: number, a: number, b: number, c: number): Term {
    const h = this.slot(op, width, a, b, c);
    for (let t = this.heads[h]!; t >= 0; t = this.next[t]!)
      if (
        this.opCol[t] === op &&
        this.widthCol[t] === width &&
        this.aCol[t] === a &&
        this.bCol[t] === b &&
        this.cCol[t] === c
      )
        return t;
    if (width < 1 || width > 64) throw new Error(`no term has width ${width}`);
    if (this.count === this.opCol.length) {
      this.grow();
      return this.node(op, width, a, b, c);
    }
    const t = this.count++;
    this.opCol[t] = op;
    this.widthCol[t] = width;
    this.aCol[t] = a;
    this.bCol[t] = b;
    this.cCol[t] = c;
    this.next[t] = this.heads[h]!;
    this.heads[h] = t;
    return t;
  }

  /** Every term that the roots depend on, roots included, operands first. */
  reachable(roots: readonly Term[]): Term[] {
    const seen = new Set<Term>();
    const stack = [...roots];
    while (stack.length > 0) {
      const t = stack.pop()!;
      if (seen.has(t)) continue;
      seen.add(t);
      const arity = OP_ROWS[this.op(t)]!.arity;
      if (arity > 0) stack.push(this.a(t));
      if (arity > 1) stack.push(this.b(t));
      if (arity > 2) stack.push(this.c(t));
    }
    return [...seen].sort((x, y) => x - y);
  }

  private slot(op: number, width: number, a: number, b: number, c: number): number {
    let h = Math.imul(op * 71 + width, 0x9e3779b1);
    h = Math.imul(h ^ a, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15) ^ b, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 13) ^ c, 0x27d4eb2f);
    return (h ^ (h >>> 16)) & (this.heads.length - 1);
  }

  private grow(): void {
    const size = this.opCol.length * 2;
    const wider = <T extends Uint8Array | Int32Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    this.opCol = wider(this.opCol, new Uint8Array(size));
    this.widthCol = wider(this.widthCol, new Uint8Array(size));
    this.aCol = wider(this.aCol, new Int32Array(size));
    this.bCol = wider(this.bCol, new Int32Array(size));
    this.cCol = wider(this.cCol, new Int32Array(size));
    this.next = new Int32Array(size);
    this.heads = new Int32Array(size * 2).fill(-1);
    for (let t = 0; t < this.count; t++) {
      const h = this.slot(this.opCol[t]!, this.widthCol[t]!, this.aCol[t]!, this.bCol[t]!, this.cCol[t]!);
      this.next[t] = this.heads[h]!;
      this.heads[h] = t;
    }
  }
}
