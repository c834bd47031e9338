import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { loadCases } from './cases.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});
afterAll(() => verifier.close());

describe('rewrites in whole programs', () => {
  for (const c of loadCases())
    it(`${c.name}: ${c.expect}`, () => {
      const verdict = verifier.check(c.program, c.window, c.target);
      if (c.expect === 'wrong') expect(verdict.kind, JSON.stringify(verdict)).not.toBe('equivalent');
      else expect(verdict.kind, JSON.stringify(verdict)).toBe('equivalent');
    });
});
