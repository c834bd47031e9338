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
import type { Interference } from './interference.ts';
import { havocShared, type Log, type MemoryReader, write } from './memory.ts';
import { isShared, memoryOf } from './regions.ts';
import type { ExecutionEnv, GroupEnd } from './run.ts';
import { conjunction, lowBits, readRegister, type State, VERSION_BITS, writeRegister } from './state.ts';

/** Where an access goes under a condition. */
interface GuardedAddress {
  guard: Term | undefined;
  address: Term;
  region: Region | undefined;
  memory: string;
}

/** No object lies below this address. */
const NULL_PAGE = 4096n;
/** Versions that accesses give, from here on; those of calls are smaller (tokens in session.ts). */
const FIRST_VERSION = 1n << BigInt(VERSION_BITS - 1);
/** Deepest nesting of conditions that pick a pointer. */
const MAX_SPLITS = 6;

export class MemoryOps {
  /** Accesses to shared memory, in order. */
  readonly accesses: SharedAccess[] = [];
  /** What each group of them leaves behind. */
  readonly groups = new Map<number, GroupEnd>();
  readonly touched = new Set<Region | undefined>();
  /** Memory that each instruction of the window accesses (the last one symbolically seen), by index. */
  readonly memories: (string | undefined)[];
  private readonly around: ExecutionEnv;
  private readonly n: Normalizer;
  private readonly algebra;
  private readonly reader: MemoryReader;
  private readonly splits: number;
  private readonly others: Interference | undefined;

  /**
   * @param insns length of the window
   * @param replayed by instruction, with one memory each: an access then has one place
   * @param others what they may do to shared memory meanwhile
   */
  constructor(
    around: ExecutionEnv,
    reader: MemoryReader,
    insns: number,
    replayed: boolean,
    others: Interference | undefined,
  ) {
    this.others = others;
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

  /** An access to shared memory before it is made: others may come first. Undefined when it is none. */
  private note(
    s: State,
    { region, guard }: Pick<GuardedAddress, 'region' | 'guard'>,
    what: Omit<SharedAccess, 'condition'>,
  ): SharedAccess | undefined {
    if (!isShared(region, this.around)) return undefined;
    const path = guard === undefined ? s.path : [...s.path, guard];
    const access: SharedAccess = { ...what, condition: this.n.normalize(conjunction(this.n, path)) };
    this.accesses.push(access);
    if (this.others === undefined) return access;
    const { at, memory, condition } = access;
    const { group, isNew } = this.others.enter(access, s.last);
    access.group = group;
    s.last = guard === undefined ? { at, group, memory, condition } : undefined;
    if (!isNew) return access;
    s.logs.set(memory, havocShared(s.logs.get(memory), `${memory}@by others ${group}`, guard));
    // Entries that come and go may be others now.
    const version = this.n.build.const(FIRST_VERSION + BigInt(group), VERSION_BITS);
    for (const key of this.around.comingAndGoing) s.versions.set(key, version);
    return access;
  }

  /** After an access: what its group leaves. */
  private end(s: State, access: SharedAccess | undefined): void {
    if (access?.group === undefined) return;
    const { group, memory, condition } = access;
    this.groups.set(group, { memory, log: s.logs.get(memory), condition });
  }

  /**
   * A call is about to read or write shared memory. Where nobody else changes that, equal bytes before and
   * after say enough.
   * @returns to be called when it is done
   */
  reach(
    s: State,
    name: string,
    {
      region,
      memory,
      address,
      size,
    }: { region: Region | undefined } & Omit<GuardedAddress, 'guard'> & { size: number },
  ): (token: number) => void {
    if (this.others === undefined) return () => {};
    const what = { kind: 'call' as const, name, memory, address, size, orders: true, at: -1 };
    const access = this.note(s, { region, guard: undefined }, what);
    return (token) => {
      if (access !== undefined) access.token = token;
      this.end(s, access);
    };
  }

  /**
   * @param index in the window; -1 elsewhere
   * @param at in the program or window: names the instruction
   */
  load(spec: LoadOp, i: Insn, s: State, index: number, at: number): Term {
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
      const access = this.note(s, p, {
        kind: 'load',
        name: spec.name,
        memory,
        address: p.address,
        size,
        orders: spec.acquire,
        at,
      });
      this.end(s, access);
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
    if (field.pointer !== undefined && !field.pointer.startsWith('packet') && hasHavoc(log))
      throw new Unsupported(`${field.name} after a call that may have changed it`);
  }

  private checkContextStore(offset: number, spec: StoreOp): void {
    const field = this.ctxField(offset, spec.size);
    if (field?.keepAccess !== undefined) throw new Unsupported(`${field.name}: ${field.keepAccess}`);
    if (field?.readsWhole === true && spec.operand === 'X')
      throw new Unsupported(`${field.name}: ${field.lossy}`);
  }

  store(spec: StoreOp, i: Insn, s: State, index: number, at: number): void {
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
      const what = {
        kind: 'store' as const,
        name: spec.name,
        memory,
        address,
        size,
        orders: spec.release,
        at,
      };
      const access = this.note(s, p, what);
      s.logs.set(memory, write(s.logs.get(memory), address, size, value, p.guard));
      this.end(s, access);
    }
  }

  atomic(spec: AtomicOp, i: Insn, s: State, index: number, at: number): void {
    const b = this.n.build;
    const w = spec.size === 4 ? 32 : 64;
    const { address, region, memory } = this.address(readRegister(s, i.dst), i.off, index);
    const orders = spec.result !== 'none';
    const access = this.note(
      s,
      { guard: undefined, region },
      {
        kind: 'atomic',
        name: spec.name,
        memory,
        address,
        size: spec.size,
        orders,
        at,
      },
    );
    const log = s.logs.get(memory);
    const old = this.reader.load(memory, log, address, spec.size);
    const r0 = spec.result === 'r0' ? lowBits(this.n, s, 0, w) : b.const(0n, w);
    const next = spec.eval(this.algebra, old, lowBits(this.n, s, i.src, w), r0);
    s.logs.set(memory, write(log, address, spec.size, next));
    this.end(s, access);
    if (spec.result === 'src') writeRegister(s, i.src, b.zext(old, 64));
    if (spec.result === 'r0') writeRegister(s, 0, b.zext(old, 64));
  }
}

function hasHavoc(log: Log): boolean {
  for (let w = log; w !== undefined; w = w.prev) if (w.havoc !== undefined && w.shared !== true) return true;
  return false;
}
