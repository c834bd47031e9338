/**
 * A small concrete machine (registers, one stack frame) over the semantics table, and random programs for it.
 */
import fc from 'fast-check';
import { bigintAlgebra } from '../../src/isa/algebra.ts';
import { jumpTarget } from '../../src/isa/flow.ts';
import { Class, type Insn, insn, Mode, OP_EXIT } from '../../src/isa/insn.ts';
import { type AluOp, type AtomicOp, type JumpOp, OPS, specOf } from '../../src/isa/semantics.ts';

/** Address of r10, and of the context that r1 points to. */
export const STACK_TOP = 0xffff_c900_0012_3e00n;
export const CTX = 0xffff_8880_0456_7000n;
const M64 = 0xffff_ffff_ffff_ffffn;

export interface Concrete {
  regs: bigint[];
  /** Byte p is at r10 - 512 + p. */
  stack: Uint8Array;
}

function load(c: Concrete, address: bigint, size: number): bigint {
  let v = 0n;
  for (let n = size - 1; n >= 0; n--) v = (v << 8n) | BigInt(c.stack[Number(address - STACK_TOP) + 512 + n]!);
  return v;
}

function store(c: Concrete, address: bigint, size: number, v: bigint): void {
  for (let n = 0; n < size; n++)
    c.stack[Number(address - STACK_TOP) + 512 + n] = Number((v >> BigInt(8 * n)) & 0xffn);
}

/** Runs until exit; `visit` sees (and may change) the machine before each instruction. Returns r0. */
export function run(
  insns: readonly Insn[],
  start: Concrete,
  visit: (index: number, c: Concrete) => void,
  limit = 2000,
): bigint | undefined {
  const c: Concrete = { regs: start.regs.slice(), stack: start.stack.slice() };
  const { regs } = c;
  for (let index = 0, steps = 0; steps < limit; steps++) {
    const i = insns[index]!;
    visit(index, c);
    const op = specOf(i)!;
    let next = index + 1;
    const cut = (x: bigint, w: number): bigint => BigInt.asUintN(w, x);
    switch (op.kind) {
      case 'alu': {
        const src = op.operand === 'X' ? regs[i.src]! : BigInt(i.imm);
        regs[i.dst] = op.eval(bigintAlgebra, cut(regs[i.dst]!, op.width), cut(src, op.width));
        break;
      }
      case 'ldimm64':
        regs[i.dst] = (BigInt(i.immHi >>> 0) << 32n) | BigInt(i.imm >>> 0);
        break;
      case 'load': {
        const v = load(c, cut(regs[i.src]! + BigInt(i.off), 64), op.size);
        regs[i.dst] = op.signed ? cut(BigInt.asIntN(op.size * 8, v), 64) : v;
        break;
      }
      case 'store':
        store(
          c,
          cut(regs[i.dst]! + BigInt(i.off), 64),
          op.size,
          op.operand === 'X' ? regs[i.src]! : BigInt(i.imm) & M64,
        );
        break;
      case 'atomic': {
        const w = 8 * op.size;
        const address = cut(regs[i.dst]! + BigInt(i.off), 64);
        const old = load(c, address, op.size);
        store(c, address, op.size, op.eval(bigintAlgebra, old, cut(regs[i.src]!, w), cut(regs[0]!, w)));
        if (op.result === 'src') regs[i.src] = old;
        if (op.result === 'r0') regs[0] = old;
        break;
      }
      case 'jump': {
        const src = op.operand === 'X' ? regs[i.src]! : BigInt(i.imm);
        if (op.eval(bigintAlgebra, cut(regs[i.dst]!, op.width), cut(src, op.width)))
          next = jumpTarget(insns, index)!;
        break;
      }
      case 'goto':
        next = jumpTarget(insns, index)!;
        break;
      case 'exit':
        return regs[0];
      default:
        throw new Error(`the test machine does not run ${op.name}`);
    }
    index = next;
  }
  return undefined;
}

const ALU = OPS.filter((o): o is AluOp => o.kind === 'alu');
const JUMPS = OPS.filter((o): o is JumpOp => o.kind === 'jump');
const ATOMICS = OPS.filter((o): o is AtomicOp => o.kind === 'atomic');
/** r2 to r9 hold numbers or stack addresses; r0 and r1 too. */
const reg = fc.integer({ min: 0, max: 9 });
const imm = fc.oneof(
  fc.constantFrom(0, 1, -1, 2, 7, 8, 16, 31, 32, 63, 255, 0xffff, 0x7fff_ffff, -0x8000_0000),
  fc.integer({ min: -300, max: 300 }),
);
const width = fc.constantFrom([0x10, 1], [0x08, 2], [0x00, 4], [0x18, 8]);
/** A slot of 8 bytes near the frame pointer: few, so that stores and loads meet. */
const place = fc.tuple(width, fc.integer({ min: 1, max: 3 }), fc.nat(7)).map(([[code, size], slot, at]) => ({
  code: code!,
  off: -8 * slot + Math.floor(at / size!) * size!,
}));

const alu = fc
  .tuple(fc.constantFrom(...ALU), reg, reg, imm)
  .map(([op, d, s, k]) =>
    insn(op.op, d, op.operand === 'X' ? s : 0, op.off ?? 0, op.imm ?? (op.operand === 'K' ? k : 0)),
  );
const memory = fc
  .tuple(fc.constantFrom('ldx', 'ldxsx', 'stx', 'st', 'stx', 'ldx'), place, reg, imm)
  .map(([kind, { code, off }, r, k]) => {
    if (kind === 'ldxsx' && code !== 0x18) return insn(Class.LDX | code | Mode.MEMSX, r, 10, off);
    if (kind === 'stx') return insn(Class.STX | code | Mode.MEM, 10, r, off);
    if (kind === 'st') return insn(Class.ST | code | Mode.MEM, 10, 0, off, k);
    return insn(Class.LDX | code | Mode.MEM, r, 10, off);
  });
const atomic = fc
  .tuple(fc.constantFrom(...ATOMICS), fc.integer({ min: 1, max: 3 }), reg)
  .map(([op, slot, r]) => insn(op.op, 10, r, -8 * slot, op.imm));
const jump = fc
  .tuple(fc.constantFrom(...JUMPS), reg, reg, imm, fc.nat(6))
  .map(([op, d, s, k, off]) => insn(op.op, d, op.operand === 'X' ? s : 0, off, op.operand === 'K' ? k : 0));
const pick: fc.Arbitrary<Insn> = fc.oneof(
  { weight: 5, arbitrary: alu },
  { weight: 4, arbitrary: memory },
  { weight: 1, arbitrary: atomic },
  { weight: 3, arbitrary: jump },
);

/**
 * Programs without loops that start with r0 = r1..r9 as the machine gives them: loaded from the stack at
 * random, so that the analysis knows nothing of them, with one register that holds the frame pointer.
 */
export const randomProgram: fc.Arbitrary<Insn[]> = programs(false);
/** The same with jumps backwards; they may never end. */
export const randomLoops: fc.Arbitrary<Insn[]> = programs(true);

function programs(loops: boolean): fc.Arbitrary<Insn[]> {
  return fc.tuple(fc.array(pick, { minLength: 4, maxLength: 28 }), reg).map(([body, fp]) => {
    const start: Insn[] = [];
    for (let r = 0; r < 10; r++) start.push(insn(Class.LDX | 0x18 | Mode.MEM, r, 10, -512 + 8 * r));
    start.push(insn(0xbf, fp, 10));
    // Jumps stay inside the body.
    const clipped = body.map((i, n) => {
      if (specOf(i)?.kind !== 'jump') return i;
      const back = loops && i.off >= 4;
      return { ...i, off: back ? Math.max(-3 * i.off, -n - 1) : Math.min(i.off, body.length - 1 - n) };
    });
    return [...start, ...clipped, insn(OP_EXIT)];
  });
}

const word = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 8n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 63n, M64, M64 - 1n),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: 0n, max: M64 }),
);

export const randomStart: fc.Arbitrary<Concrete> = fc
  .array(word, { minLength: 20, maxLength: 20 })
  .map((words) => {
    const c: Concrete = { regs: new Array<bigint>(11).fill(0n), stack: new Uint8Array(512) };
    c.regs[1] = CTX;
    c.regs[10] = STACK_TOP;
    for (const [n, w] of words.entries())
      store(c, STACK_TOP + (n < 10 ? BigInt(-512 + 8 * n) : BigInt(-8 * (n - 9))), 8, w);
    return c;
  });
