import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { loadCases } from './cases.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});
afterAll(() => verifier.close());

describe('rewrites in data files', () => {
  for (const c of loadCases())
    it(`${c.file}: ${c.name}: ${c.expect}`, () => {
      const verdict = verifier.checkIn(c.context, c.source, c.target);
      if (c.expect === 'wrong') expect(verdict.kind, JSON.stringify(verdict)).not.toBe('equivalent');
      else
        expect(verdict.kind, verdict.kind === 'different' ? verdict.where : JSON.stringify(verdict)).toBe(
          c.expect,
        );
    });
});
