/** Proofs for others: what the equations say, asked of solvers that share nothing with ours. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf } from '../../../src/solver/index.ts';
import { createWindowVerifier, type WindowVerifier } from '../../../src/verify/index.ts';
import { loadCases } from '../cases.ts';

const RLIMIT = 30_000_000;

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});
afterAll(() => verifier.close());

for (const solver of ['z3', 'cvc5']) {
  const isThere = spawnSync(solver, ['--version']).status === 0;
  describe.skipIf(!isThere)(
    `transcripts of the cases, by ${solver} (skipped where it is not installed)`,
    () => {
      let [confirmed, refuted] = [0, 0];

      for (const c of loadCases().filter((c) => c.expect !== 'unknown'))
        it(`${c.file}: ${c.name}: ${c.expect}`, () => {
          const made = verifier.transcriptIn(c.context, c.source, c.target);
          if ('reason' in made) {
            expect(made.reason).not.toBe('');
            return;
          }
          const { result } = answerOf(solver, made.script, RLIMIT);
          if (c.expect === 'equivalent') expect(result).not.toBe('sat');
          else expect(result).not.toBe('unsat');
          if (result === 'unsat') confirmed++;
          if (result === 'sat') refuted++;
        });

      it('answers most of them', () => {
        const of = (expected: (e: string) => boolean): number =>
          loadCases().filter((c) => expected(c.expect)).length;
        expect(confirmed).toBeGreaterThan(0.8 * of((e) => e === 'equivalent'));
        expect(refuted).toBeGreaterThan(0.3 * of((e) => e === 'wrong' || e === 'different'));
      });
    },
  );
}
