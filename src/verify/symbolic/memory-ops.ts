/**
 * Loads, stores and atomics of a symbolic run: where they go, what they change, and what others see of them.
 *
 *   in:   the state before, the instruction
 *   out:  the state's logs and registers after it; accesses to shared memory in order; the regions touched
 */

import type { Region } from '../../analysis/domain/value.ts';
import type { Insn } from '../../isa/insn.ts';
import type { AtomicOp, LoadOp, StoreOp } from '../../isa/semantics.ts';
import type { CtxField } from '../../program/tables/hook-types.ts';
import { type Normalizer, splitOffset, type Term, termAlgebra } from '../../solver/index.ts';
import { Unsupported } from '../errors.ts';
import type { SharedAccess } from './access.ts';
import { ctxPointerAt } from './context-load.ts';
import { type Log, type MemoryReader, write } from './memory.ts';
import { isShared, memoryOf } from './regions.ts';
import type { ExecutionEnv } from './run.ts';
import { conjunction, lowBits, readRegister, type State, writeRegister } from './state.ts';

/** Where an access goes under a condition. */
interface GuardedAddress {
  guard: Term | undefined;
  address: Term;
  region: Region | undefined;
  memory: string;
}

/** No object lies below this address. */
const NULL_PAGE = 4096n;
/** Deepest nesting of conditions that pick a pointer. */
const MAX_SPLITS = 6;

export class MemoryOps {
  /** Accesses to shared memory, in order. */
  readonly accesses: SharedAccess[] = [];
  readonly touched = new Set<Region | undefined>();
  /** Memory that each instruction of the window accesses (the last one symbolically seen), by index. */
  readonly memories: (string | undefined)[];
  private readonly around: ExecutionEnv;
  private readonly n: Normalizer;
  private readonly algebra;
  private readonly reader: MemoryReader;
  private readonly splits: number;

  /**
   * @param insns length of the window
   * @param replayed by instruction, with one memory each: an access then has one place
   */
  constructor(around: ExecutionEnv, reader: MemoryReader, insns: number, replayed: boolean) {
    this.around = around;
    this.n = around.normalizer;
    this.algebra = termAlgebra(this.n.build);
    this.reader = reader;
    this.memories = new Array<string | undefined>(insns).fill(undefined);
    this.splits = replayed ? 0 : MAX_SPLITS;
  }

  /** Address in normal form, and where it points. */
  private address(
    base: Term,
    off: number,
    index: number,
  ): { address: Term; region: Region | undefined; memory: string } {
    const address = this.n.normalize(this.n.build.add(base, this.n.build.const(BigInt(off), 64)));
    const region = this.around.bases.regionOf(address);
    const memory = memoryOf(region, this.around.merging);
    this.touched.add(region);
    if (index >= 0) this.memories[index] = memory;
    return { address, region, memory };
  }

  /** The places that an access may go to: several where the branch taken decides about the region. */
  private places(s: State, base: Term, off: number, index: number): GuardedAddress[] {
    const { bases } = this.around;
    const whole = this.n.normalize(this.n.build.add(base, this.n.build.const(BigInt(off), 64)));
    const split = (address: Term, guard: Term | undefined, depth: number): GuardedAddress[] => {
      if (guard !== undefined && this.impossible(address, [...s.path, guard])) return [];
      const two =
        bases.regionOf(address) === undefined && depth < this.splits
          ? bases.alternatives(address)
          : undefined;
      if (two === undefined) return [{ guard, ...this.address(address, 0, index) }];
      const both = (c: Term): Term => (guard === undefined ? c : this.n.build.and(guard, c));
      return [
        ...split(two.yes, both(two.condition), depth + 1),
        ...split(two.no, both(this.n.not(two.condition)), depth + 1),
      ];
    };
    const list = split(whole, undefined, 0);
    return list.length > 0 ? list : [{ guard: undefined, ...this.address(whole, 0, index) }];
  }

  /** Near NULL, which nobody follows, or on no path. */
  private impossible(address: Term, path: readonly Term[]): boolean {
    const c = this.n.store.constant(address);
    if (c !== undefined && c < NULL_PAGE) return true;
    return this.n.store.constant(this.n.normalize(conjunction(this.n, path))) === 0n;
  }

  private note(s: State, { region, guard }: GuardedAddress, access: Omit<SharedAccess, 'condition'>): void {
    if (!isShared(region, this.around.packetShared)) return;
    const path = guard === undefined ? s.path : [...s.path, guard];
    this.accesses.push({ ...access, condition: this.n.normalize(conjunction(this.n, path)) });
  }

  /** @param index in the window; -1 elsewhere */
  load(spec: LoadOp, i: Insn, s: State, index: number): Term {
    const b = this.n.build;
    const places = this.places(s, readRegister(s, i.src), i.off, index);
    const { region, address } = places[0]!;
    const { offset } = splitOffset(this.n.store, address);
    for (const p of places)
      if (p.region?.kind === 'ctx')
        this.checkContextLoad(
          Number(splitOffset(this.n.store, p.address).offset),
          spec.size,
          s.logs.get(p.memory),
        );
    const pointer =
      region?.kind === 'ctx' ? ctxPointerAt(this.around.ctxFields, Number(offset), spec.size) : undefined;
    if (pointer !== undefined) {
      if (places.length > 1) throw new Unsupported('a context pointer that may be another');
      return s.moved.get(pointer.region.key)?.value ?? this.around.bases.base(pointer.region, pointer.id);
    }
    const { size } = spec;
    let value: Term | undefined;
    for (const p of places) {
      const { memory } = p;
      this.note(s, p, {
        kind: 'load',
        name: spec.name,
        memory,
        address: p.address,
        size,
        orders: spec.acquire,
      });
      const here = this.reader.load(memory, s.logs.get(memory), p.address, size);
      value = value === undefined || p.guard === undefined ? here : b.ite(p.guard, here, value);
    }
    return spec.signed ? b.sext(value!, 64) : b.zext(value!, 64);
  }

  private ctxField(offset: number, size: number): CtxField | undefined {
    return this.around.ctxFields.find((f) => offset < f.offset + f.size && f.offset < offset + size);
  }

  /** Fields of the context are not quite memory. @throws Unsupported for what is not modelled */
  private checkContextLoad(offset: number, size: number, log: Log): void {
    const field = this.ctxField(offset, size);
    if (field?.keepAccess !== undefined) throw new Unsupported(`${field.name}: ${field.keepAccess}`);
    if (log === undefined || field === undefined) return;
    if (field.lossy !== undefined) throw new Unsupported(`${field.name} after a store: ${field.lossy}`);
    if (field.pointer !== undefined && !field.pointer.startsWith('packet') && hasWash(log))
      throw new Unsupported(`${field.name} after a call that may have changed it`);
  }

  private checkContextStore(offset: number, spec: StoreOp): void {
    const field = this.ctxField(offset, spec.size);
    if (field?.keepAccess !== undefined) throw new Unsupported(`${field.name}: ${field.keepAccess}`);
    if (field?.readsWhole === true && spec.operand === 'X')
      throw new Unsupported(`${field.name}: ${field.lossy}`);
  }

  store(spec: StoreOp, i: Insn, s: State, index: number): void {
    const b = this.n.build;
    const { size } = spec;
    const value =
      spec.operand === 'K'
        ? b.const(BigInt(i.imm), size * 8)
        : b.extract(readRegister(s, i.src), 0, size * 8);
    const places = this.places(s, readRegister(s, i.dst), i.off, index);
    for (const p of places) {
      const { memory, address } = p;
      if (p.region?.kind === 'ctx')
        this.checkContextStore(Number(splitOffset(this.n.store, address).offset), spec);
      this.note(s, p, { kind: 'store', name: spec.name, memory, address, size, orders: spec.release });
      s.logs.set(memory, write(s.logs.get(memory), address, size, value, p.guard));
    }
  }

  atomic(spec: AtomicOp, i: Insn, s: State, index: number): void {
    const b = this.n.build;
    const w = spec.size === 4 ? 32 : 64;
    const { address, region, memory } = this.address(readRegister(s, i.dst), i.off, index);
    const orders = spec.result !== 'none';
    this.note(
      s,
      { guard: undefined, address, region, memory },
      {
        kind: 'atomic',
        name: spec.name,
        memory,
        address,
        size: spec.size,
        orders,
      },
    );
    const log = s.logs.get(memory);
    const old = this.reader.load(memory, log, address, spec.size);
    const r0 = spec.result === 'r0' ? lowBits(this.n, s, 0, w) : b.const(0n, w);
    const next = spec.eval(this.algebra, old, lowBits(this.n, s, i.src, w), r0);
    s.logs.set(memory, write(log, address, spec.size, next));
    if (spec.result === 'src') writeRegister(s, i.src, b.zext(old, 64));
    if (spec.result === 'r0') writeRegister(s, 0, b.zext(old, 64));
  }
}

function hasWash(log: Log): boolean {
  for (let w = log; w !== undefined; w = w.prev) if (w.havoc !== undefined) return true;
  return false;
}
