/**
 * Random window pairs over inputs of few bits, all of which are tried: the verdict must be what the runs say,
 * both ways. `K2_FULL=1` takes 100,000 pairs, and whole programs in the kernel. The concrete runs share
 * nothing with the terms but the semantics table.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/random.ts';
import { type Insn, insn, OPS, specOf } from '../../src/isa/index.ts';
import { mutant } from '../../src/kernel/differential/mutants.ts';
import { fuzzTest, KernelSession, kernelDiff, randomProgram } from '../../src/kernel/index.ts';
import { createSolver } from '../../src/solver/index.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { ALL_ACCELERATIONS } from '../../src/verify/proof/accelerations.ts';
import { provePaths } from '../../src/verify/proof/path-by-path.ts';
import { Session } from '../../src/verify/proof/session.ts';
import { runConcretely } from '../../src/verify/refute/concrete.ts';
import { hasKernel, needsKernel } from '../kernel/kernel.ts';
import { contextOf } from './cases.ts';

const FULL = process.env.K2_FULL === '1';
const PAIRS = FULL ? 100_000 : 1500;
const PATH_PAIRS = FULL ? 20_000 : 250;
const PROGRAMS = FULL ? 400 : 12;
const LINUX = 600;

/** r4 has 4 bits and r5 has 3, so there are 128 inputs; r0, r7 and the stack word are known. */
const context = contextOf(
  'r0=const:0 r4=range:0..15 r5=range:0..7 r7=const:-3',
  '-8=const:258',
  'r0 r4/32 r5/8 fp-8:8',
);
const WIDTHS = [0xffff_ffff_ffff_ffffn, 0n, 0n, 0n, 0xffff_ffffn, 0xffn];
const FP = 0x7fff_0000_1000n;
const WORD = 258n;

const ALU = OPS.filter((o) => o.kind === 'alu');
const JUMPS = OPS.filter((o) => o.kind === 'jump');
const LOADS = OPS.filter((o) => o.kind === 'load' && !o.acquire);
const STORES = OPS.filter((o) => o.kind === 'store' && !o.release);
const REGISTERS = [0, 4, 5, 7];
const EDGES = [0, 1, -1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 63, 255, 256, 65535, -8, 0x7fff_ffff];

function constant(rng: Rng): number {
  return rng.chance(0.15) ? rng.u32() | 0 : rng.pick(EDGES);
}

function anyInsn(rng: Rng): Insn {
  const reg = (): number => rng.pick(REGISTERS);
  const kind = rng.below(12);
  if (kind < 7) {
    const o = rng.pick(ALU);
    if (o.kind !== 'alu') throw new Error('no ALU row');
    const k = o.operand === 'K' ? constant(rng) : 0;
    return insn(o.op, reg(), o.operand === 'X' ? reg() : 0, o.off ?? 0, o.imm ?? k);
  }
  if (kind < 9) {
    const o = rng.pick(JUMPS);
    const isX = o.kind === 'jump' && o.operand === 'X';
    return insn(o.op, reg(), isX ? reg() : 0, 1, isX ? 0 : constant(rng));
  }
  const o = rng.pick(kind < 10 ? LOADS : STORES);
  if (o.kind !== 'load' && o.kind !== 'store') throw new Error('no row of memory');
  const off = -8 + o.size * rng.below(8 / o.size);
  if (o.kind === 'load') return insn(o.op, reg(), 10, off);
  return o.operand === 'K' ? insn(o.op, 10, 0, off, constant(rng)) : insn(o.op, 10, reg(), off);
}

/** A jump skips one instruction, so it must not be the last. */
function closed(list: Insn[]): Insn[] {
  return JUMPS.some((j) => j.op === list.at(-1)?.op) ? [...list, insn(0xb7, 0)] : list;
}

/** 32 for 64 bits and back, or a register for a constant and back. */
function otherWidth(rng: Rng, i: Insn): Insn {
  const other = { ...i, op: i.op ^ rng.pick([3, 8]) };
  const [was, is] = [specOf(i)?.kind, specOf(other)?.kind];
  return was === is && (is === 'alu' || is === 'jump') ? other : i;
}

function pair(rng: Rng): { source: Insn[]; target: Insn[] } {
  const source = Array.from({ length: 1 + rng.below(5) }, () => anyInsn(rng));
  const target = [...source];
  for (let n = 1 + rng.below(2); n > 0; n--) {
    const at = rng.below(Math.max(1, target.length));
    const kind = rng.below(5);
    if (kind === 0 || target.length === 0) target.splice(at, 0, anyInsn(rng));
    else if (kind === 1) target.splice(at, 1);
    else if (kind === 2 && at + 1 < target.length) target.splice(at, 2, target[at + 1]!, target[at]!);
    else if (kind === 3) target[at] = otherWidth(rng, target[at]!);
    else target[at] = anyInsn(rng);
  }
  return { source: closed(source), target: closed(target) };
}

/** What is observed after a run on one input. */
function outcome(insns: readonly Insn[], r4: bigint, r5: bigint): string {
  const registers = [0n, 0n, 0n, 0n, r4, r5, 0n, BigInt.asUintN(64, -3n), 0n, 0n, FP];
  const end = runConcretely(
    insns,
    insns.map(() => 'stack'),
    {
      registers,
      byte: (_memory, address) => Number((WORD >> (8n * (address - FP + 8n))) & 0xffn),
      immediate: () => 0n,
      ctxPointer: () => undefined,
    },
  );
  const seen = WIDTHS.map((mask, r) => end.registers[r]! & mask);
  const bytes = Array.from({ length: 8 }, (_, k) => {
    const at = BigInt(k);
    return end.written.get('stack')?.get(FP - 8n + at) ?? Number((WORD >> (8n * at)) & 0xffn);
  });
  return `${end.to} ${seen} ${bytes}`;
}

function differs(source: readonly Insn[], target: readonly Insn[]): boolean {
  for (let r4 = 0n; r4 < 16n; r4++)
    for (let r5 = 0n; r5 < 8n; r5++) if (outcome(source, r4, r5) !== outcome(target, r4, r5)) return true;
  return false;
}

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier({ rlimit: 300_000 });
});
afterAll(() => verifier.close());

describe('random window pairs, on all inputs', () => {
  it(`${PAIRS} verdicts are what the runs say`, () => {
    const count: Record<string, number> = {};
    for (let n = 0; n < PAIRS; n++) {
      const { source, target } = pair(new Rng(21, 'exhaustive', n));
      const verdict = verifier.checkIn(context, source, target);
      count[verdict.kind] = (count[verdict.kind] ?? 0) + 1;
      if (verdict.kind === 'unknown') continue;
      if (differs(source, target) !== (verdict.kind === 'different'))
        expect.fail(`pair ${n}: ${JSON.stringify({ verdict: verdict.kind, source, target })}`);
    }
    if (FULL || process.env.K2_SHOW) console.log(count, verifier.stats);
    expect(count.equivalent).toBeGreaterThan(PAIRS / 20);
    expect(count.different).toBeGreaterThan(PAIRS / 20);
    expect(count.unknown ?? 0).toBeLessThan(PAIRS / 100);
  });
});

/** Windows whose jumps skip up to three instructions, and one with small changes. */
function branchyPair(rng: Rng): { source: Insn[]; target: Insn[] } {
  const far = (i: Insn): Insn => (specOf(i)?.kind === 'jump' ? { ...i, off: 1 + rng.below(3) } : i);
  const jump = (): Insn => {
    const o = rng.pick(JUMPS);
    const isX = o.kind === 'jump' && o.operand === 'X';
    return insn(o.op, rng.pick(REGISTERS), isX ? rng.pick(REGISTERS) : 0, 1, isX ? 0 : constant(rng));
  };
  const one = (): Insn => far(rng.chance(0.35) ? jump() : anyInsn(rng));
  const source = Array.from({ length: 2 + rng.below(7) }, one);
  const target = [...source];
  const at = rng.below(target.length);
  if (rng.chance(0.3)) target[at] = one();
  else if (rng.chance(0.5)) target[at] = otherWidth(rng, target[at]!);
  else target.splice(at, 1);
  const end = [1, 2, 3].map(() => insn(0xb7, 0));
  return { source: [...source, ...end], target: [...target, ...end] };
}

describe('random windows with branches, path by path', () => {
  it(`${PATH_PAIRS} proofs are what the runs say`, async () => {
    const solver = await createSolver();
    const count = { proven: 0, same: 0, differ: 0 };
    for (let n = 0; n < PATH_PAIRS; n++) {
      const { source, target } = branchyPair(new Rng(23, 'paths', n));
      const side = (insns: readonly Insn[]) => ({ insns, program: { insns, functions: [] } });
      const how = provePaths(new Session(context, source), side(source), side(target), {
        solver,
        rlimit: 300_000,
        accelerations: ALL_ACCELERATIONS,
        memoryModel: 'strict',
      });
      const wrong = differs(source, target);
      if (how !== undefined && wrong) expect.fail(`pair ${n}: ${JSON.stringify({ how, source, target })}`);
      if (wrong) count.differ++;
      else count.same++;
      if (how !== undefined) count.proven++;
    }
    solver.close();
    if (FULL || process.env.K2_SHOW) console.log(count);
    expect(count.differ).toBeGreaterThan(PATH_PAIRS / 5);
    expect(count.proven).toBeGreaterThan(0.9 * count.same);
    expect(count.same).toBeGreaterThan(PATH_PAIRS / 20);
  });
});

describe.skipIf(!hasKernel)(`random programs and mutants of them, in the kernel${needsKernel}`, () => {
  it('what is called equivalent agrees in the kernel, what differs there is not', () => {
    const count: Record<string, number> = {};
    for (let n = 0; n < PROGRAMS; n++) {
      const rng = new Rng(22, 'kernel', n);
      const program = randomProgram(rng, 6 + rng.below(14), LINUX);
      const opened = KernelSession.open(program);
      if (!opened.ok) continue;
      const { session } = opened;
      let other = mutant(rng, program);
      for (
        let k = 0;
        k < 20 && (other === undefined || session.check(other.insns).status !== 'accepted');
        k++
      )
        other = mutant(rng, program);
      const usable = other !== undefined && session.check(other.insns).status === 'accepted';
      session.close();
      if (!usable || session.original.status !== 'accepted') continue;
      const verdict = verifier.checkPrograms(program, other!);
      const tests = Array.from({ length: 200 }, () => fuzzTest(rng));
      const result = kernelDiff(program, other!, tests, { limit: 200 });
      if (result.status !== 'ran') continue;
      const way = `${verdict.kind}, ${result.difference === undefined ? 'agree' : 'differ'}`;
      count[way] = (count[way] ?? 0) + 1;
      if (result.difference !== undefined)
        expect(verdict.kind, `program ${n}: ${JSON.stringify(result.difference.places)}`).not.toBe(
          'equivalent',
        );
    }
    if (FULL || process.env.K2_SHOW) console.log(count);
    expect(Object.values(count).reduce((a, b) => a + b, 0)).toBeGreaterThan(PROGRAMS / 3);
  });
});
