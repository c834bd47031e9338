/** Wrong rewrites of the paper's programs: none may be called equivalent. `K2_FULL=1` plants more than 2,000. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Program } from '../../src/program/program.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { createMachine } from '../../src/vm/index.ts';
import { Rng } from '../../src/vm/random.ts';
import { generateTests } from '../../src/vm/testgen/index.ts';
import { hasPaperPrograms, paperPrograms } from '../analysis/programs.ts';
import { MISTAKES, plant } from './planted.ts';

const FULL = process.env.K2_FULL === '1';
const PER_KIND = FULL ? 24 : 1;
/** Places drawn per wrong rewrite wanted. */
const EFFORT = 12;

let verifier: WindowVerifier;
beforeAll(async () => {
  // No tests of its own: the proof alone must refuse.
  verifier = await createWindowVerifier({ tests: 0, rlimit: 300_000 });
});
afterAll(() => verifier.close());

/** Tells whether a version leaves something else behind on a test, other than by faulting. */
function judge(program: Program): (other: Program) => boolean {
  const machine = createMachine(program);
  machine.setTests(generateTests(program, { seed: 7, count: 48 }));
  machine.setSource(program.insns);
  return (other) => {
    machine.setCandidate(other.insns);
    const { failed, faults } = machine.evaluate();
    return failed > faults;
  };
}

describe.skipIf(!hasPaperPrograms)('planted wrong rewrites (needs K2_SHARED)', () => {
  const planted: Record<string, number> = {};
  const verdicts: Record<string, number> = {};

  for (const { name, program } of hasPaperPrograms ? paperPrograms() : []) {
    if (program.insns.length > 1000) continue;
    it(`${name}: none is called equivalent`, () => {
      const isWrong = judge(program);
      for (const [kind, mistake] of Object.entries(MISTAKES)) {
        const rng = new Rng(11, kind, name);
        const seen = new Set<string>();
        for (let n = 0, found = 0; n < EFFORT * PER_KIND && found < PER_KIND; n++) {
          const other = plant(program, mistake, rng);
          const key = other && JSON.stringify(other.insns);
          if (other === undefined || key === undefined || seen.has(key)) continue;
          seen.add(key);
          if (!isWrong(other)) continue;
          found++;
          planted[kind] = (planted[kind] ?? 0) + 1;
          const verdict = verifier.checkPrograms(program, other);
          verdicts[verdict.kind] = (verdicts[verdict.kind] ?? 0) + 1;
          expect(verdict.kind, `${kind}, attempt ${n}: ${JSON.stringify(verdict)}`).not.toBe('equivalent');
        }
      }
    });
  }

  it('there were enough, of enough kinds', () => {
    const total = Object.values(planted).reduce((a, b) => a + b, 0);
    if (FULL || process.env.K2_SHOW) console.log({ total, planted, verdicts, stages: verifier.stats });
    expect(Object.keys(planted).length).toBeGreaterThanOrEqual(20);
    expect(total).toBeGreaterThanOrEqual(FULL ? 2000 : 150);
  });
});
