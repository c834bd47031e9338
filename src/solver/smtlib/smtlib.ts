/** Terms as SMT-LIB2 text (QF_BV), and the values that a solver prints back. */
import { OP_ROWS, Op } from '../terms/ops.ts';
import { mayAliasPairs } from '../terms/reads.ts';
import type { Term, TermStore } from '../terms/terms.ts';
import type { Model } from '../types.ts';

/**
 * A query as text, and the terms whose values a model needs: variables, bytes read, and the addresses of
 * those.
 */
export interface Script {
  text: string;
  /** Terms to ask `(get-value ...)` for; the k-th is printed as `t<term>`. */
  wanted: readonly Term[];
}

/**
 * One query. Every term gets a name (`t12`), so shared terms stay shared; 1-bit terms are Bool and become
 * vectors where one is needed. No `(exit)` at the end: `get-value` may follow.
 */
export function printScript(s: TermStore, assertions: readonly Term[]): Script {
  const order = s.reachable(assertions);
  const lines = ['(set-option :produce-models true)', '(set-logic QF_BV)'];
  const wanted: Term[] = [];
  for (const t of order) {
    const sort = s.width(t) === 1 ? 'Bool' : `(_ BitVec ${s.width(t)})`;
    if (s.op(t) === Op.Var || s.op(t) === Op.Read) {
      lines.push(`(declare-const t${t} ${sort})`);
      wanted.push(t);
      if (s.op(t) === Op.Read) wanted.push(s.a(t));
    } else
      lines.push(`(define-fun t${t} () ${sort} ${s.width(t) === 1 ? printBool(s, t) : printBits(s, t)})`);
  }
  for (const [x, y] of mayAliasPairs(s, order))
    lines.push(`(assert (=> (= t${s.a(x)} t${s.a(y)}) (= t${x} t${y})))`);
  for (const t of assertions) lines.push(`(assert t${t})`);
  lines.push('(check-sat)');
  return { text: `${lines.join('\n')}\n`, wanted: [...new Set(wanted)] };
}

/** A reference to a term as a vector. */
function bits(s: TermStore, t: Term): string {
  return s.width(t) === 1 ? `(ite t${t} #b1 #b0)` : `t${t}`;
}

function printBits(s: TermStore, t: Term): string {
  const op = s.op(t);
  const w = s.width(t);
  const [a, b, c] = [s.a(t), s.b(t), s.c(t)];
  switch (op) {
    case Op.Const:
      return `(_ bv${s.value(t)} ${w})`;
    case Op.Not:
      return `(bvnot ${bits(s, a)})`;
    case Op.Extract:
      return `((_ extract ${b + w - 1} ${b}) ${bits(s, a)})`;
    case Op.SExt:
      return `((_ sign_extend ${w - s.width(a)}) ${bits(s, a)})`;
    case Op.Ite:
      return `(ite t${a} ${bits(s, b)} ${bits(s, c)})`;
    default:
      return `(${OP_ROWS[op]!.smt} ${bits(s, a)} ${bits(s, b)})`;
  }
}

function printBool(s: TermStore, t: Term): string {
  const op = s.op(t);
  const [a, b, c] = [s.a(t), s.b(t), s.c(t)];
  switch (op) {
    case Op.Const:
      return s.value(t) === 1n ? 'true' : 'false';
    case Op.Not:
      return `(not t${a})`;
    case Op.And:
      return `(and t${a} t${b})`;
    case Op.Or:
      return `(or t${a} t${b})`;
    case Op.Xor:
      return `(xor t${a} t${b})`;
    case Op.Eq:
    case Op.Ite:
      return op === Op.Ite ? `(ite t${a} t${b} t${c})` : `(= t${a} t${b})`;
    case Op.ULt:
    case Op.SLt:
      return `(${OP_ROWS[op]!.smt} ${bits(s, a)} ${bits(s, b)})`;
    default:
      return `(= ${printBits(s, t)} #b1)`;
  }
}

/** `(get-value (t3 t7))` */
export function printGetValue(wanted: readonly Term[]): string {
  return `(get-value (${wanted.map((t) => `t${t}`).join(' ')}))\n`;
}

/** Reads the answer to printGetValue. @throws Error on text that is no such answer */
export function readModel(s: TermStore, wanted: readonly Term[], answer: string): Model {
  const values = new Map<Term, bigint>();
  for (const [, name, value] of answer.matchAll(
    /\(\s*t(\d+)\s+(#x[0-9a-fA-F]+|#b[01]+|true|false|\(_ bv\d+ \d+\))\s*\)/g,
  ))
    values.set(Number(name), literal(value!));
  const missing = wanted.find((t) => !values.has(t));
  if (missing !== undefined)
    throw new Error(`the solver gave no value for t${missing}: ${answer.slice(0, 200)}`);
  const variables = new Map<string, bigint>();
  const memories = new Map<string, Map<bigint, number>>();
  for (const t of wanted) {
    if (s.op(t) === Op.Var) variables.set(s.name(t), values.get(t)!);
    if (s.op(t) !== Op.Read) continue;
    let bytes = memories.get(s.memory(t));
    if (bytes === undefined) memories.set(s.memory(t), (bytes = new Map()));
    bytes.set(values.get(s.a(t))!, Number(values.get(t)!));
  }
  return { variables, memories };
}

function literal(text: string): bigint {
  if (text === 'true' || text === 'false') return text === 'true' ? 1n : 0n;
  if (text.startsWith('#')) return BigInt(`0${text.slice(1)}`);
  return BigInt(/bv(\d+)/.exec(text)![1]!);
}
