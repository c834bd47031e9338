/** A counterexample under test: both windows run concretely on it and must differ where the terms say so. */
import { STACK_SIZE } from '../../analysis/domain/stack.ts';
import { region } from '../../analysis/domain/value.ts';
import { type Insn, imm64, PseudoLd } from '../../isa/insn.ts';
import { Op, splitOffset, type Term, type TermAssignment, TermEvaluator } from '../../solver/index.ts';
import type { WindowContext } from '../context.ts';
import { type ConcreteEnd, type ConcreteStart, isPlainImmediate, runConcretely } from '../refute/concrete.ts';
import { directId } from '../symbolic/constant-data.ts';
import { ctxPointerAt } from '../symbolic/context-load.ts';
import { type AliasPartition, memoryOf } from '../symbolic/regions.ts';
import type { SymbolicRun } from '../symbolic/run.ts';
import { lostName } from '../symbolic/state.ts';
import type { Counterexample } from '../types.ts';
import { demandAt } from './obligations.ts';
import type { Session } from './session.ts';

export interface ReplayCase {
  session: Session;
  context: WindowContext;
  merging: AliasPartition;
  source: { insns: readonly Insn[]; run: SymbolicRun };
  candidate: { insns: readonly Insn[]; run: SymbolicRun };
}

/** Where the two concrete runs part, or undefined when they agree in everything that is observed. */
export function replay(c: ReplayCase, input: TermAssignment): string | undefined {
  const start = concreteStart(c, input);
  const x = runConcretely(c.source.insns, c.source.run.memories, start);
  const y = runConcretely(c.candidate.insns, c.candidate.run.memories, start);
  return difference(c, start, input, x, y);
}

function concreteStart(c: ReplayCase, input: TermAssignment): ConcreteStart {
  const { session, context } = c;
  const store = session.normalizer.store;
  const symbolic = session.start(c.merging);
  const logs = [...symbolic.logs].flatMap(([memory, log]) => {
    const list: { memory: string; address: Term; value: Term; size: number }[] = [];
    for (let w = log; w !== undefined; w = w.prev)
      list.push({ memory, address: w.address, value: w.value, size: w.size });
    return list.reverse();
  });
  const e = new TermEvaluator(store, [
    ...symbolic.registers.filter((t) => t !== undefined),
    ...logs.flatMap((w) => [w.address, w.value]),
  ]);
  e.run(input);
  const known = new Map<string, number>();
  for (const w of logs)
    for (let k = 0; k < w.size; k++)
      known.set(
        `${w.memory}:${BigInt.asUintN(64, e.value(w.address) + BigInt(k))}`,
        Number((e.value(w.value) >> BigInt(8 * k)) & 0xffn),
      );
  const variable = (t: Term): bigint => BigInt.asUintN(64, input.variable(store.name(t), 64));
  const ctx = variable(session.bases.base(region.ctx, ''));
  context.maps.forEach((m, index) => {
    if (m.readonly !== true || m.initial === undefined) return;
    const base = variable(session.bases.base(region.mapValue(index), directId(index)));
    const memory = memoryOf(region.mapValue(index), c.merging);
    m.initial.forEach((byte, k) => {
      known.set(`${memory}:${BigInt.asUintN(64, base + BigInt(k))}`, byte);
    });
  });
  return {
    registers: symbolic.registers.map((t, r) =>
      t === undefined ? BigInt.asUintN(64, input.variable(lostName(r), 64)) : e.value(t),
    ),
    byte: (memory, address) => known.get(`${memory}:${address}`) ?? input.byte(memory, address) & 0xff,
    immediate: (i) => immediateOf(c, i, variable),
    ctxPointer: (memory, address, size) => {
      if (memory !== 'ctx' && memory !== 'memory') return undefined;
      const p = ctxPointerAt(context.ctxFields, Number(BigInt.asIntN(64, address - ctx)), size);
      return p === undefined ? undefined : variable(session.bases.base(p.region, p.id));
    },
  };
}

function immediateOf(c: ReplayCase, i: Insn, variable: (t: Term) => bigint): bigint {
  const { bases } = c.session;
  if (isPlainImmediate(i)) return imm64(i);
  if (i.src === PseudoLd.MAP_FD) return variable(bases.base(region.map(i.imm), 'map'));
  if (i.src === PseudoLd.MAP_VALUE)
    return BigInt.asUintN(
      64,
      variable(bases.base(region.mapValue(i.imm), directId(i.imm))) + BigInt(i.immHi),
    );
  return variable(bases.base(region.opaque(`ld_imm64 ${i.src}`), `${i.imm}:${i.immHi}`));
}

function difference(
  c: ReplayCase,
  start: ConcreteStart,
  input: TermAssignment,
  x: ConcreteEnd,
  y: ConcreteEnd,
): string | undefined {
  if (x.to !== y.to) return `one goes to ${x.to}, the other to ${y.to}`;
  const demand = demandAt(c.context, x.to);
  for (let r = 0; r < 10; r++) {
    const mask = demand.registers[r] ?? 0n;
    if (((x.registers[r]! ^ y.registers[r]!) & mask) !== 0n) return `r${r}`;
  }
  const fp = BigInt.asUintN(64, input.variable(c.session.normalizer.store.name(c.session.framePointer), 64));
  const stack = c.session.stackMemory(c.merging);
  for (const memory of new Set([...x.written.keys(), ...y.written.keys()]))
    for (const end of [x, y])
      for (const address of end.written.get(memory)?.keys() ?? []) {
        const byte = (z: ConcreteEnd): number =>
          z.written.get(memory)?.get(address) ?? start.byte(memory, address);
        if (byte(x) === byte(y)) continue;
        const position = Number(BigInt.asIntN(64, address - fp)) + STACK_SIZE;
        const inFrame = memory === stack && position >= 0 && position < STACK_SIZE;
        if (inFrame && demand.stack[position] !== 1) continue;
        return `${memory} at 0x${address.toString(16)}`;
      }
  return undefined;
}

/**
 * The input as plain data: registers that hold something, the bytes that the equations read, and their
 * unknowns.
 */
export function counterexampleOf(
  c: ReplayCase,
  input: TermAssignment,
  roots: readonly Term[],
): Counterexample {
  const store = c.session.normalizer.store;
  const regs = c.session.registers;
  const e = new TermEvaluator(store, [...roots, ...regs.filter((t) => t !== undefined)]);
  e.run(input);
  const registers = new Map<number, bigint>();
  regs.forEach((t, r) => {
    if (t !== undefined) registers.set(r, e.value(t));
  });
  const memory = new Map<string, number>();
  const unknowns = new Map<string, bigint>();
  for (const t of store.reachable([...roots, ...regs.filter((x) => x !== undefined)])) {
    if (store.op(t) === Op.Var) unknowns.set(store.name(t), e.value(t));
    if (store.op(t) !== Op.Read) continue;
    const { rest, offset } = splitOffset(store, store.a(t));
    const o = BigInt.asIntN(64, offset);
    const name =
      rest !== undefined && store.op(rest) === Op.Var
        ? `${store.name(rest)}${o < 0n ? o : `+${o}`}`
        : `${store.memory(t)}@0x${e.value(store.a(t)).toString(16)}`;
    memory.set(name, Number(e.value(t)));
  }
  return { registers, memory, unknowns };
}
