import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/random.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { hasPaperPrograms, paperPrograms } from '../analysis/programs.ts';
import { TRANSFORMS, tailCopied } from './transforms.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});
afterAll(() => verifier.close());

const FULL = process.env.K2_FULL === '1';

describe.skipIf(!hasPaperPrograms)(
  'the paper programs against themselves, rewritten (needs K2_SHARED)',
  () => {
    for (const { name, program } of hasPaperPrograms ? paperPrograms() : [])
      for (const [what, transform] of Object.entries(TRANSFORMS)) {
        // The largest takes seconds each: one of the rewrites by default, all with K2_FULL=1.
        if (program.insns.length > 1000 && what !== 'blocks reordered' && !FULL) continue;
        it(`${name}: ${what}`, () => {
          const other = transform(program, new Rng(1, what, name));
          const verdict = verifier.checkPrograms(program, other);
          expect(verdict, JSON.stringify(verdict)).toMatchObject({ kind: 'equivalent' });
        });
      }

    for (const { name, program } of hasPaperPrograms ? paperPrograms() : [])
      if (program.insns.length <= 1000)
        it(`${name}: what stood twice is shared`, () => {
          let twice = program;
          for (let k = 0; k < 3; k++) twice = tailCopied(twice, new Rng(2, k, name));
          const verdict = verifier.checkPrograms(twice, program);
          expect(verdict, JSON.stringify(verdict)).toMatchObject({ kind: 'equivalent' });
        });
  },
);
