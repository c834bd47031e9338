/**
 * Proposals beyond K2's six rules: the steps that those take many lucky draws for. Each changes several
 * instructions of a window at once, at random places where it fits; like every proposal it may be wrong.
 */

import type { Rng } from '../../base/random.ts';
import { registersRead, registersWritten } from '../../isa/effects.ts';
import { type Insn, isNop, nop, R10 } from '../../isa/insn.ts';
import { type AluMnemonic, type OpSpec, opcode, specOf } from '../../isa/semantics.ts';
import { type Edit, type Idiom, usesSource } from '../edit.ts';
import { copyForward, FLOW_IDIOMS } from './branch-moves.ts';
import type { Pools } from './pools.ts';
import { jumpDistance } from './positions.ts';

const ADD64_K = opcode('add64.k');
const STACK_BYTES = 512;

/** Positions whose instruction's row satisfies `test`. */
function positions(window: readonly Insn[], test: (spec: OpSpec, i: Insn) => boolean): number[] {
  return window.flatMap((i, at) => {
    const spec = specOf(i);
    return spec !== undefined && !isNop(i) && test(spec, i) ? [at] : [];
  });
}

function row(test: (spec: OpSpec) => boolean, pools: Pools): OpSpec | undefined {
  return pools.rows.find(test);
}

/** Two neighbours change places. */
const swap: Idiom = (window, rng) => {
  if (window.length < 2) return undefined;
  const at = rng.below(window.length - 1);
  const other = rng.chance(0.7) ? at + 1 : rng.below(window.length);
  if (other === at) return undefined;
  // Jumps are moved by `move`, which keeps their targets.
  if (jumpDistance(window[at]!) || jumpDistance(window[other]!)) return undefined;
  return [
    { at, insn: window[other]! },
    { at: other, insn: window[at]! },
  ];
};

/** Load, add, store of one place becomes an atomic add: `r2 = *p; r2 += r1; *p = r2` to `lock *p += r1`. */
const counter: Idiom = (window, rng, pools) => {
  const stores = positions(window, (s) => s.kind === 'store' && s.operand === 'X' && s.size >= 4);
  if (stores.length === 0) return undefined;
  const at = rng.pick(stores);
  const store = window[at]!;
  const size = (specOf(store) as OpSpec & { kind: 'store' }).size;
  const add = row((s) => s.kind === 'atomic' && s.size === size && s.mnemonic === 'add', pools);
  const loads = positions(window.slice(0, at), (s, i) => {
    return s.kind === 'load' && s.size === size && i.src === store.dst && i.off === store.off;
  });
  if (add === undefined || loads.length === 0) return undefined;
  const load = rng.pick(loads);
  // The sum: what is added goes into the atomic; a constant first needs a register, the one that held the
  // sum.
  const sums = positions(
    window.slice(0, at),
    (s, i) => s.kind === 'alu' && i.dst === store.src && s.mnemonic === 'add',
  );
  const sum = sums.length === 0 ? undefined : rng.pick(sums);
  const atomic = (src: number): Edit => ({ at, insn: { ...store, op: add.op, imm: 0, src } });
  if (sum === undefined) return [{ at: load, insn: nop() }, atomic(rng.pick(pools.readable))];
  const i = window[sum]!;
  const operand = (specOf(i) as OpSpec & { kind: 'alu' }).operand;
  if (operand === 'X') {
    // Either side of the sum may be the loaded one.
    const loaded = window[load]!.dst;
    const src = i.src === loaded ? i.dst : i.src;
    return [{ at: load, insn: nop() }, { at: sum, insn: nop() }, atomic(src)];
  }
  const mov = row((s) => s.name === 'mov64.k', pools);
  if (mov === undefined) return undefined;
  return [{ at: load, insn: nop() }, { at: sum, insn: { ...i, op: mov.op } }, atomic(i.dst)];
};

/** Two stores side by side in memory become one of twice the width. */
const mergeStores: Idiom = (window, rng, pools) => {
  const stores = positions(window, (s) => s.kind === 'store' && s.size <= 4);
  if (stores.length < 2) return undefined;
  const [p, q] = [rng.pick(stores), rng.pick(stores)];
  const [a, b] = [window[p]!, window[q]!];
  const [low, high] = a.off < b.off ? [a, b] : [b, a];
  const [sa, sb] = [specOf(low), specOf(high)];
  if (p === q || sa?.kind !== 'store' || sb?.kind !== 'store' || a.dst !== b.dst || sa.size !== sb.size)
    return undefined;
  if (low.off + sa.size !== high.off) return undefined;
  const bits = 8 * sa.size;
  const wide = (operand: 'K' | 'X'): OpSpec | undefined =>
    row((s) => s.kind === 'store' && s.size === 2 * sa.size && s.operand === operand, pools);
  const keep = rng.chance(0.5) ? p : q;
  const gone = keep === p ? q : p;
  if (sa.operand === 'K' && sb.operand === 'K') {
    const value = (BigInt(high.imm) << BigInt(bits)) | BigInt.asUintN(bits, BigInt(low.imm));
    const imm = Number(BigInt.asIntN(32, value));
    const op = wide('K');
    if (op === undefined) return undefined;
    return [
      { at: gone, insn: nop() },
      { at: keep, insn: { ...low, op: op.op, imm } },
    ];
  }
  const op = wide('X');
  const source = sa.operand === 'X' ? low : high;
  if (op === undefined) return undefined;
  return [
    { at: gone, insn: nop() },
    { at: keep, insn: { ...low, op: op.op, src: source.src, imm: 0 } },
  ];
};

/** One register instead of another, from some instruction to another one. */
const rename: Idiom = (window, rng, pools) => {
  const from = rng.below(window.length);
  const to = from + 1 + rng.below(window.length - from);
  const used = window.slice(from, to).reduce((m, i) => m | registersRead(i) | registersWritten(i), 0);
  const candidates = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((r) => ((used >> r) & 1) === 1);
  if (candidates.length === 0) return undefined;
  const old = rng.pick(candidates);
  const now = rng.pick(pools.writable);
  const edits: Edit[] = [];
  for (let at = from; at < to; at++) {
    const i = window[at]!;
    if (isNop(i)) continue;
    const touched = (registersRead(i) | registersWritten(i)) >> old;
    const kind = specOf(i)?.kind;
    if ((touched & 1) === 0 || kind === 'call' || kind === 'exit') continue;
    const source = kind !== 'ldimm64';
    edits.push({
      at,
      insn: {
        ...i,
        dst: i.dst === old ? now : i.dst,
        src: source && i.src === old && usesSource(i) ? now : i.src,
      },
    });
  }
  return edits.length === 0 ? undefined : edits;
};

/** `*p = r1` with r1 = constant: the constant itself. */
const storeConstant: Idiom = (window, rng, pools) => {
  const stores = positions(window, (s) => s.kind === 'store' && s.operand === 'X');
  if (stores.length === 0) return undefined;
  const at = rng.pick(stores);
  const store = window[at]!;
  const size = (specOf(store) as OpSpec & { kind: 'store' }).size;
  const constant = positions(
    window.slice(0, at),
    (s, i) => s.kind === 'alu' && s.mnemonic === 'mov' && s.operand === 'K' && i.dst === store.src,
  );
  const op = row((s) => s.kind === 'store' && s.size === size && s.operand === 'K', pools);
  if (op === undefined || constant.length === 0) return undefined;
  const imm = window[constant.at(-1)!]!.imm;
  return [{ at, insn: { ...store, op: op.op, src: 0, imm } }];
};

/** What joins two loaded halves. */
const JOINS: ReadonlySet<AluMnemonic> = new Set(['lsh', 'or', 'add']);

/** Loads of neighbouring bytes, and what was done to join them, become one load of twice the width. */
const widenLoad: Idiom = (window, rng, pools) => {
  const loads = positions(window, (s) => s.kind === 'load' && s.size <= 4 && !s.signed);
  if (loads.length < 2) return undefined;
  const [p, q] = [rng.pick(loads), rng.pick(loads)];
  const [a, b] = [window[p]!, window[q]!];
  const [sa, sb] = [specOf(a), specOf(b)];
  if (p === q || sa?.kind !== 'load' || sb?.kind !== 'load' || a.src !== b.src || sa.size !== sb.size)
    return undefined;
  if (Math.abs(a.off - b.off) !== sa.size) return undefined;
  const op = row((s) => s.kind === 'load' && s.size === 2 * sa.size && !s.signed, pools);
  if (op === undefined) return undefined;
  const off = Math.min(a.off, b.off);
  const edits: Edit[] = [
    { at: Math.min(p, q), insn: { ...a, op: op.op, off, dst: rng.chance(0.5) ? a.dst : b.dst } },
    { at: Math.max(p, q), insn: nop() },
  ];
  // The shift and the or between them, or the two stores of a copy, go as well more often than not.
  for (const at of positions(window, (s) => s.kind === 'alu' && JOINS.has(s.mnemonic)))
    if (rng.chance(0.6) && (window[at]!.dst === a.dst || window[at]!.dst === b.dst))
      edits.push({ at, insn: nop() });
  return edits;
};

/**
 * Two copies of neighbouring bytes, `r1 = a[0]; b[0] = r1; r2 = a[1]; b[1] = r2`, become one of twice the
 * width.
 */
const widenCopy: Idiom = (window, rng, pools) => {
  const loads = positions(window, (s) => s.kind === 'load' && s.size <= 4 && !s.signed);
  if (loads.length < 2) return undefined;
  const p = rng.pick(loads);
  const a = window[p]!;
  const size = (specOf(a) as OpSpec & { kind: 'load' }).size;
  const q = loads.find(
    (at) => window[at]!.op === a.op && window[at]!.src === a.src && window[at]!.off === a.off + size,
  );
  if (q === undefined) return undefined;
  const storeOf = (load: number): number => {
    const register = window[load]!.dst;
    for (let at = load + 1; at < window.length; at++) {
      const i = window[at]!;
      const spec = specOf(i);
      if (spec?.kind === 'store' && spec.operand === 'X' && spec.size === size && i.src === register)
        return at;
      if (((registersWritten(i) >> register) & 1) === 1) return -1;
    }
    return -1;
  };
  const [s, t] = [storeOf(p), storeOf(q)];
  if (s < 0 || t < 0) return undefined;
  const [low, high] = [window[s]!, window[t]!];
  if (low.dst !== high.dst || high.off !== low.off + size) return undefined;
  const load = row((r) => r.kind === 'load' && r.size === 2 * size && !r.signed, pools);
  const store = row((r) => r.kind === 'store' && r.size === 2 * size && r.operand === 'X', pools);
  if (load === undefined || store === undefined) return undefined;
  const register = rng.chance(0.5) ? a.dst : rng.pick(pools.writable);
  const [from, noLoad] = rng.chance(0.5) ? [p, q] : [q, p];
  const [to, noStore] = rng.chance(0.5) ? [s, t] : [t, s];
  return [
    { at: noLoad, insn: nop() },
    { at: noStore, insn: nop() },
    { at: from, insn: { ...a, op: load.op, dst: register } },
    { at: to, insn: { ...low, op: store.op, src: register } },
  ];
};

/** Something on the stack lies elsewhere: all accesses and addresses of one offset from r10 get another. */
const moveOnStack: Idiom = (window, rng) => {
  const offsetOf = (i: Insn): number | undefined => {
    const spec = specOf(i);
    if (spec?.kind === 'load') return i.src === R10 ? i.off : undefined;
    if (spec?.kind === 'store' || spec?.kind === 'atomic') return i.dst === R10 ? i.off : undefined;
    return i.op === ADD64_K && i.imm < 0 && i.imm >= -STACK_BYTES ? i.imm : undefined;
  };
  const places = window.flatMap((i, at) => (offsetOf(i) === undefined ? [] : [at]));
  if (places.length < 2) return undefined;
  const from = offsetOf(window[rng.pick(places)]!)!;
  const to = offsetOf(window[rng.pick(places)]!)!;
  if (from === to) return undefined;
  const exchange = rng.chance(0.3);
  const edits: Edit[] = [];
  for (const at of places) {
    const i = window[at]!;
    const off = offsetOf(i)!;
    const now = off === from ? to : exchange && off === to ? from : off;
    if (now !== off) edits.push({ at, insn: i.op === ADD64_K ? { ...i, imm: now } : { ...i, off: now } });
  }
  return edits;
};

const IDIOMS: readonly Idiom[] = [
  swap,
  counter,
  mergeStores,
  rename,
  storeConstant,
  widenLoad,
  widenCopy,
  copyForward,
  moveOnStack,
];

/**
 * One idiom, drawn uniformly; undefined where it does not fit. Positions may repeat: the last edit of one
 * counts.
 */
export function proposeIdiom(window: readonly Insn[], rng: Rng, pools: Pools): Edit[] | undefined {
  const idioms = pools.jumps.length > 0 && rng.chance(0.5) ? FLOW_IDIOMS : IDIOMS;
  return rng.pick(idioms)(window, rng, pools);
}
