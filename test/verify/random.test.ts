import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Insn, insn, OPS, sameInsn } from '../../src/isa/index.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { replay } from '../../src/verify/proof/replay.ts';
import { Session } from '../../src/verify/proof/session.ts';
import { sample } from '../../src/verify/refute/samples.ts';
import { execute } from '../../src/verify/symbolic/execute.ts';
import { mergingFor } from '../../src/verify/symbolic/regions.ts';
import { contextOf } from './cases.ts';

const ALU = OPS.filter((o) => o.kind === 'alu');
const LOADS = OPS.filter((o) => o.kind === 'load' && !o.acquire);
const STORES = OPS.filter((o) => o.kind === 'store' && !o.release);
const ATOMICS = OPS.filter((o) => o.kind === 'atomic');
const JUMPS = OPS.filter((o) => o.kind === 'jump');

/**
 * r1, r2 lead to entries of one map that may be the same one, r3 to the packet, r10 to the stack; r4 to r7
 * are numbers.
 */
const context = contextOf(
  'r0=scalar r1=map_value:0#1 r2=map_value:0#2 r3=packet~4 r4=scalar r5=u32 r6=u16 r7=range:1..9',
  '-8=same:5 -16=const:7',
  'r0 r4/32 r5 r6/8 r7 fp-8:6 fp-16:8',
);

const pick = <T>(list: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...list);
const scalarReg = pick([0, 4, 5, 6, 7]);
const imm = fc.oneof(
  pick([0, 1, -1, 2, 7, 8, 16, 31, 32, 63, 255, 256, 65535, -8]),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
const place = fc.oneof(
  fc.record({ base: fc.constant(10), off: fc.integer({ min: -16, max: -8 }) }),
  fc.record({ base: pick([1, 2, 3]), off: pick([0, 1, 2, 4, 8]) }),
);

const anyInsn: fc.Arbitrary<Insn> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(pick(ALU), scalarReg, fc.oneof(scalarReg, pick([1, 10])), imm)
      .map(([o, d, s, k]) =>
        insn(
          o.op,
          d,
          o.kind === 'alu' && o.operand === 'X' ? s : 0,
          o.off ?? 0,
          o.imm ?? (o.kind === 'alu' && o.operand === 'K' ? k : 0),
        ),
      ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(pick(LOADS), scalarReg, place).map(([o, d, p]) => insn(o.op, d, p.base, p.off)),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(pick(STORES), fc.oneof(scalarReg, pick([3, 10])), place, imm)
      .map(([o, s, p, k]) =>
        o.kind === 'store' && o.operand === 'K'
          ? insn(o.op, p.base, 0, p.off, k)
          : insn(o.op, p.base, s, p.off),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(pick(ATOMICS), scalarReg, pick([1, 10]))
      .map(([o, s, base]) => insn(o.op, base, s, base === 10 ? -8 : 8, o.imm ?? 0)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(pick(JUMPS), scalarReg, scalarReg, imm)
      .map(([o, d, s, k]) =>
        o.kind === 'jump' && o.operand === 'X' ? insn(o.op, d, s, 1) : insn(o.op, d, 0, 1, k),
      ),
  },
);

/** A window and a change of it: replaced, dropped, swapped or doubled instructions. */
const pair = fc
  .tuple(
    fc.array(anyInsn, { minLength: 1, maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(3), fc.nat(5), anyInsn), { minLength: 1, maxLength: 2 }),
  )
  .map(([source, changes]) => {
    const target = [...source];
    for (const [kind, where, other] of changes) {
      const at = where % Math.max(1, target.length);
      if (kind === 0) target[at] = other;
      else if (kind === 1) target.splice(at, 1);
      else if (kind === 2 && at + 1 < target.length) target.splice(at, 2, target[at + 1]!, target[at]!);
      else target.splice(at, 0, other);
    }
    // A jump over one instruction needs one.
    const close = (list: Insn[]): Insn[] =>
      JUMPS.some((j) => j.op === list.at(-1)?.op) ? [...list, insn(0xb7, 0)] : list;
    return { source: close(source), target: close(target) };
  });

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier({ rlimit: 300_000 });
});

/** Where the concrete runs part on one of many inputs. */
function denseDifference(source: Insn[], target: Insn[], inputs: number): string | undefined {
  const session = new Session(context, source);
  const x = session.sourceRun({ merging: 'none' });
  const y = execute(target, session.start('none'), session.around({ merging: 'none' }));
  const merging = mergingFor([...x.touched, ...y.touched]);
  const run = execute(target, session.start(merging), session.around({ merging }));
  const c = {
    session,
    context,
    merging,
    source: { insns: source, run: session.sourceRun({ merging }) },
    candidate: { insns: target, run },
  };
  for (let n = 1000; n < 1000 + inputs; n++) {
    const where = replay(c, sample(n, session.constants, session.inputs.hints));
    if (where !== undefined) return where;
  }
  return undefined;
}

describe('random window pairs', () => {
  it('what is called equivalent agrees on every concrete run', () => {
    const count: Record<string, number> = {};
    fc.assert(
      fc.property(pair, ({ source, target }) => {
        const v = verifier.checkIn(context, source, target);
        const how = v.kind === 'equivalent' ? v.how : v.kind;
        count[how] = (count[how] ?? 0) + 1;
        if (
          v.kind !== 'equivalent' ||
          (source.length === target.length && source.every((i, n) => sameInsn(i, target[n]!)))
        )
          return;
        expect(denseDifference(source, target, 60)).toBeUndefined();
      }),
      { numRuns: Number(process.env.K2_RUNS ?? 600), seed: Number(process.env.K2_SEED ?? 42) },
    );
    expect(count.different).toBeGreaterThan(0);
    if (process.env.K2_RUNS !== undefined) console.log(count, verifier.stats);
  });

  it('what differs in a concrete run is never called equivalent (the other way round)', () => {
    let seen = 0;
    fc.assert(
      fc.property(pair, ({ source, target }) => {
        let where: string | undefined;
        try {
          where = denseDifference(source, target, 4);
        } catch {
          return;
        }
        if (where === undefined) return;
        seen++;
        expect(verifier.checkIn(context, source, target).kind).not.toBe('equivalent');
      }),
      { numRuns: Number(process.env.K2_RUNS ?? 300), seed: 43 },
    );
    expect(seen).toBeGreaterThan(0);
  });
});
