/**
 * The reference interpreter: every instruction by its row in the semantics table, over BigInts. Slow and
 * obvious; the fast one must agree with it in everything. Memory images and helper models are shared, the
 * rest is not.
 */
import { bigintAlgebra as algebra } from '../../isa/algebra.ts';
import { type Insn, imm64, isNop, PseudoLd } from '../../isa/insn.ts';
import { type OpSpec, specOf } from '../../isa/semantics.ts';
import type { Program } from '../../program/program.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import { callHelper, HelperCall } from '../helpers/index.ts';
import { pricesOf } from '../latency/latency.ts';
import { Arena, fault, HelperFault } from '../memory/arena.ts';
import { poisonOf } from '../memory/image.ts';
import {
  CELL,
  CODE,
  FaultCode,
  FRAME_STRIDE,
  HEAD,
  HELPER_EXIT,
  MAP,
  MAP_BYTES,
  MAPS,
  RECORD,
  REGS,
  SHADOW,
  STACK_BYTES,
} from '../memory/layout.ts';
import { arenaAt, initialise, planMemory } from '../memory/memory-plan.ts';
import type { ExternalCall, Outcome, TestCase } from '../types.ts';
import { isRefused, SlotPositions } from '../wasm/decode.ts';
import { readOutcome } from './outcome.ts';
import type { MachineOptions } from './types.ts';
import { MACHINE_DEFAULTS } from './types.ts';

const PAGE = 64 * 1024;
const u64 = (n: bigint): bigint => BigInt.asUintN(64, n);
const u32 = (n: bigint): bigint => BigInt.asUintN(32, n);

/** Runs a program once on one test case. */
export function runReference(
  program: Program,
  insns: readonly Insn[],
  test: TestCase,
  options: Partial<MachineOptions> = {},
): Outcome {
  return new ReferenceRun(program, insns, test, { ...MACHINE_DEFAULTS, ...options }).outcome();
}

/** What a step answers: the next position, or how the run ended (a fault code, 0, or HELPER_EXIT). */
type StepResult = { to: number } | { end: number };

class ReferenceRun {
  private readonly regs: bigint[] = new Array<bigint>(11).fill(0n);
  private readonly frames: { back: number; saved: bigint[] }[] = [];
  private readonly arena: Arena;
  private readonly kernel: HelperCall;
  private readonly insns: readonly Insn[];
  private readonly program: Program;
  private readonly where: SlotPositions;
  private readonly options: MachineOptions;
  private readonly calls: ExternalCall[] = [];
  private steps = 0;
  private mayGoto: number;
  private latency = 0;
  private readonly prices: readonly number[];

  constructor(program: Program, insns: readonly Insn[], test: TestCase, options: MachineOptions) {
    const plan = planMemory(program, [test], insns.length, 1, options);
    this.arena = new Arena(new Uint8Array(plan.pages * PAGE), plan.delta);
    initialise(this.arena, plan, [test], options.stepLimit);
    this.arena.select(arenaAt(plan, 0));
    this.kernel = new HelperCall(this.arena, program, HOOKS[program.hook], options);
    this.kernel.calls = this.calls;
    this.program = program;
    this.insns = insns;
    this.where = new SlotPositions(insns);
    this.options = options;
    this.prices = pricesOf(insns, options.profile, program.maps);
    this.mayGoto = options.mayGoto;
    for (const n of [0, 2, 3, 4, 5, 6, 7, 8, 9]) this.poison(n);
    this.regs[1] = this.head(HEAD.R1);
    this.regs[10] = this.head(HEAD.R10);
  }

  outcome(): Outcome {
    let pc = 0;
    let status = 0;
    for (;;) {
      const step = this.step(pc);
      if ('end' in step) {
        status = step.end;
        break;
      }
      // Looked at where a straight stretch ends, so a run may pass the limit by the stretch that it is in.
      if (this.jumped && this.steps > this.options.stepLimit) {
        status = FaultCode.STEP_LIMIT;
        break;
      }
      pc = step.to;
    }
    const { view } = this.arena;
    this.storeRegs();
    view.setUint32(CELL.PC, CODE + pc * RECORD, true);
    view.setUint32(CELL.STEPS, this.steps * RECORD, true);
    view.setFloat64(CELL.LATENCY, this.latency, true);
    return readOutcome(this.arena, status, this.calls);
  }

  /** The last step was a jump that was taken, even if only to the next position. */
  private jumped = false;

  private head(offset: number): bigint {
    return this.arena.view.getBigUint64(this.arena.at + offset, true);
  }
  private poison(n: number): void {
    this.regs[n] = poisonOf(this.arena, n);
  }
  private storeRegs(): void {
    this.regs.forEach((v, n) => {
      this.arena.view.setBigUint64(REGS + n * 8, v, true);
    });
  }

  private step(pc: number): StepResult {
    this.steps++;
    this.jumped = false;
    const i = this.insns[pc];
    if (i === undefined) return { end: FaultCode.BAD_JUMP };
    this.latency += this.prices[pc]!;
    const spec = specOf(i);
    if (spec === undefined || isRefused(i, spec, this.program.maps.length))
      return { end: FaultCode.BAD_OPCODE };
    try {
      return this.execute(i, spec, pc);
    } catch (e) {
      if (e instanceof HelperFault) return { end: e.code };
      throw e;
    }
  }

  private jump(pc: number, distance: number): StepResult {
    this.jumped = true;
    return { to: this.where.target(pc, distance) };
  }

  private operand(i: Insn, kind: 'X' | 'K' | 'none', width: 32 | 64): bigint {
    if (kind === 'none') return 0n;
    const value = kind === 'X' ? this.regs[i.src]! : u64(BigInt(i.imm));
    return width === 32 ? u32(value) : value;
  }

  private execute(i: Insn, spec: OpSpec, pc: number): StepResult {
    const { regs } = this;
    const next: StepResult = { to: pc + 1 };
    switch (spec.kind) {
      case 'alu': {
        const dst = spec.width === 32 ? u32(regs[i.dst]!) : regs[i.dst]!;
        regs[i.dst] = spec.eval(algebra, dst, this.operand(i, spec.operand, spec.width));
        return next;
      }
      case 'jump': {
        const dst = spec.width === 32 ? u32(regs[i.dst]!) : regs[i.dst]!;
        const taken = spec.eval(algebra, dst, this.operand(i, spec.operand, spec.width));
        return taken ? this.jump(pc, i.off) : next;
      }
      case 'goto':
        return isNop(i) ? next : this.jump(pc, spec.distance === 'off' ? i.off : i.imm);
      case 'maygoto':
        if (this.mayGoto === 0) return this.jump(pc, i.off);
        this.mayGoto--;
        return next;
      case 'load': {
        const value = this.load(u64(regs[i.src]! + BigInt(i.off)), spec.size);
        regs[i.dst] = spec.signed ? u64(BigInt.asIntN(spec.size * 8, value)) : value;
        return next;
      }
      case 'store':
        this.store(u64(regs[i.dst]! + BigInt(i.off)), spec.size, this.operand(i, spec.operand, 64));
        return next;
      case 'atomic': {
        const address = u64(regs[i.dst]! + BigInt(i.off));
        const narrow = (v: bigint): bigint => (spec.size === 4 ? u32(v) : v);
        const p = this.place(address, spec.size, SHADOW.READ);
        const old = this.bytes(p, spec.size);
        this.store(address, spec.size, spec.eval(algebra, old, narrow(regs[i.src]!), narrow(regs[0]!)));
        if (spec.result !== 'none') regs[spec.result === 'src' ? i.src : 0] = old;
        return next;
      }
      case 'ldabs':
        return this.legacyLoad(
          spec.indirect ? u32(BigInt(i.imm) + regs[i.src]!) : u32(BigInt(i.imm)),
          spec.size,
        )
          ? next
          : this.leaveEarly();
      case 'ldimm64':
        regs[i.dst] = this.immediate(i);
        return next;
      case 'call':
        if (spec.target === 'helper') return this.helper(i.imm, next);
        return spec.target === 'local' ? this.localCall(pc, i.imm) : fault(FaultCode.BAD_CALL);
      case 'exit':
        return this.exit();
      case 'cast':
        return fault(FaultCode.BAD_OPCODE);
    }
  }

  private immediate(i: Insn): bigint {
    if (i.src === PseudoLd.IMM64) return imm64(i);
    if (i.src === PseudoLd.MAP_FD || i.src === PseudoLd.MAP_VALUE) {
      const descriptor = MAPS + i.imm * MAP_BYTES;
      if (i.src === PseudoLd.MAP_FD) return this.arena.base + BigInt(descriptor);
      const values = this.arena.head(descriptor + MAP.OFFSET);
      return u64(this.arena.base + BigInt(values) + BigInt(i.immHi));
    }
    return (BigInt(0x7fff_0000 | i.src) << 32n) | BigInt(i.imm >>> 0);
  }

  /** Linear address of `n` bytes that all have `bits` in their shadow. */
  private place(address: bigint, n: number, bits: number): number {
    const [lo, hi] = [Number(u32(address)), Number(address >> 32n)];
    if (bits === SHADOW.WRITE) return this.arena.writable(lo, hi, n);
    return this.arena.readable(lo, hi, n);
  }

  private bytes(p: number, n: number): bigint {
    let value = 0n;
    for (let k = n - 1; k >= 0; k--) value = (value << 8n) | BigInt(this.arena.bytes[p + k]!);
    return value;
  }

  private load(address: bigint, n: number): bigint {
    const p = this.arena.locate(Number(u32(address)), Number(address >> 32n));
    if (p >= 0 && this.arena.has(p, 1, SHADOW.POINTER) && this.arena.view.getUint16(p + 2, true) === n)
      return this.head(this.arena.view.getUint16(p, true));
    return this.bytes(this.place(address, n, SHADOW.READ), n);
  }

  private store(address: bigint, n: number, value: bigint): void {
    const p = this.place(address, n, SHADOW.WRITE);
    for (let k = 0; k < n; k++) this.arena.bytes[p + k] = Number((value >> BigInt(8 * k)) & 0xffn);
  }

  /** False when the position is outside the packet: the function ends with r0 = 0. */
  private legacyLoad(position: bigint, n: number): boolean {
    const { arena, regs } = this;
    if (regs[6] !== this.head(HEAD.R1)) fault(FaultCode.BAD_CALL);
    let at = Number(position);
    const header = (offset: number): number => arena.head(offset) | 0;
    if (at >= 0xfff0_0000) at += header(HEAD.NET_HEADER) - 0xfff0_0000;
    else if (at >= 0xffe0_0000) at += header(HEAD.LINK_HEADER) - 0xffe0_0000;
    const p = this.kernel.packet(at, n);
    if (p < 0) {
      regs[0] = 0n;
      return false;
    }
    let value = 0n;
    for (let k = 0; k < n; k++) value = (value << 8n) | BigInt(arena.bytes[p + k]!);
    regs[0] = value;
    for (const r of [1, 2, 3, 4, 5]) this.poison(r);
    return true;
  }

  private helper(id: number, next: StepResult): StepResult {
    this.storeRegs();
    const status = callHelper(this.kernel, id);
    this.regs[0] = this.arena.view.getBigUint64(REGS, true);
    if (status === HELPER_EXIT) return this.leaveEarly();
    if (status !== 0) return { end: status };
    for (const r of [1, 2, 3, 4, 5]) this.poison(r);
    return next;
  }

  /** Shadow of the stack frame that ends at r10. */
  private frame(bits: number): void {
    const p = this.arena.locate(Number(u32(this.regs[10]!)), Number(this.regs[10]! >> 32n)) - STACK_BYTES;
    for (let k = 0; k < STACK_BYTES; k++) this.arena.bytes[p + k + this.arena.delta] = bits;
  }

  private localCall(pc: number, distance: number): StepResult {
    if (this.frames.length + 1 === this.arena.head(HEAD.FRAMES)) fault(FaultCode.BAD_CALL);
    this.frames.push({ back: pc + 1, saved: this.regs.slice(6, 10) });
    this.regs[10] = u64(this.regs[10]! - BigInt(FRAME_STRIDE));
    this.frame(SHADOW.WRITE);
    for (const r of [0, 6, 7, 8, 9]) this.poison(r);
    return this.jump(pc, distance);
  }

  /** The running function ends here, and with the entry function the program. */
  private leaveEarly(): StepResult {
    return this.frames.length === 0 ? { end: HELPER_EXIT } : this.exit();
  }

  private exit(): StepResult {
    const frame = this.frames.pop();
    if (frame === undefined) return { end: 0 };
    this.frame(0);
    this.regs[10] = u64(this.regs[10]! + BigInt(FRAME_STRIDE));
    frame.saved.forEach((v, k) => {
      this.regs[6 + k] = v;
    });
    for (const r of [1, 2, 3, 4, 5]) this.poison(r);
    this.jumped = true;
    return { to: frame.back };
  }
}
