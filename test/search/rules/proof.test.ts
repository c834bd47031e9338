/**
 * Every rule that comes with the package is right: for all registers that may coincide, and for all
 * constants, or for those that the proof cases hold. The verifier decides, as it does for what the rules
 * propose.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatInsn } from '../../../src/isa/disasm.ts';
import { RULE_FILES, ruleSet } from '../../../src/search/rules/library.ts';
import { type ProofCase, proofCases } from '../../../src/search/rules/proof/cases.ts';
import { createWindowVerifier, type WindowVerifier } from '../../../src/verify/index.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});
afterAll(() => verifier.close());

const text = (list: ProofCase['source']): string => list.map((i) => formatInsn(i)).join('; ');

describe.each(RULE_FILES)('%s.rules', (file) => {
  it.each(ruleSet(file).rules.map((rule) => [rule.name, rule] as const))('%s', (_, rule) => {
    for (const form of rule.forms) {
      let cases = 0;
      for (const { name, context, source, target } of proofCases(form)) {
        cases++;
        const verdict = verifier.checkIn(context, source, target);
        if (verdict.kind === 'equivalent') continue;
        expect.fail(
          `${form.text}\n${name}\n${text(source)}\n=> ${text(target)}\n${JSON.stringify(verdict, (_k, v) => (typeof v === 'bigint' ? `${v}` : v))}`,
        );
      }
      expect(cases, form.text).toBeGreaterThan(0);
    }
  });
});
