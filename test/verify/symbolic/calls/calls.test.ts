/** Windows and programs with calls: pairs of texts and what they must be called. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWindowVerifier, type WindowVerifier } from '../../../../src/verify/index.ts';
import { text } from '../../../analysis/programs.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier({ memoryModel: 'plain' });
});
afterAll(() => verifier.close());

const lookup = (map: string, key: number, at = -4): string => `
  *(u32 *)(r10 ${at}) = ${key}
  r2 = r10
  r2 += ${at}
  r1 = map[${map}]
  call bpf_map_lookup_elem
`;
const out = 'r0 = 2\nexit';

/** [what, source, candidate, verdict] */
const CASES: readonly [string, string, string, 'equivalent' | 'wrong'][] = [
  [
    'array lookups with a key in range never fail',
    `${lookup('array', 1)}if r0 == 0 goto +2\n*(u64 *)(r0 + 0) = 7\nr0 = 1\nexit`.replace(
      'exit',
      'r0 = 2\nexit',
    ),
    `${lookup('array', 1)}*(u64 *)(r0 + 0) = 7\n${out}`,
    'equivalent',
  ],
  [
    'with a key out of range they do',
    `${lookup('array', 4)}r6 = 1\nif r0 == 0 goto +1\nr6 = 2\nr0 = r6\nexit`,
    `${lookup('array', 4)}r0 = 2\nexit`,
    'wrong',
  ],
  [
    'a second lookup of the same key gives the same pointer',
    `${lookup('array', 1)}r6 = r0\n${lookup('array', 1)}r7 = *(u64 *)(r6 + 0)\nr7 += 1\n*(u64 *)(r0 + 0) = r7\n${out}`,
    `${lookup('array', 1)}r7 = *(u64 *)(r0 + 0)\nr7 += 1\n*(u64 *)(r0 + 0) = r7\n${out}`,
    'equivalent',
  ],
  [
    'of another key it does not',
    `${lookup('array', 1)}r6 = r0\n${lookup('array', 2)}*(u64 *)(r6 + 0) = 1\n*(u64 *)(r0 + 0) = 2\n${out}`,
    `${lookup('array', 1)}r6 = r0\n${lookup('array', 2)}*(u64 *)(r0 + 0) = 2\n${out}`,
    'wrong',
  ],
  [
    'values under different keys do not overlap',
    `${lookup('array', 1)}r6 = r0\n${lookup('array', 2)}*(u64 *)(r6 + 0) = 1\n*(u64 *)(r0 + 0) = 2\nr0 = *(u64 *)(r6 + 0)\nexit`,
    `${lookup('array', 1)}r6 = r0\n${lookup('array', 2)}*(u64 *)(r6 + 0) = 1\n*(u64 *)(r0 + 0) = 2\nr0 = 1\nexit`,
    'equivalent',
  ],
  ['keys differ', `${lookup('array', 1)}${out}`, `${lookup('array', 2)}${out}`, 'wrong'],
  [
    'a call that has no effect and whose result is not used may go',
    `${lookup('array', 1)}${out}`,
    out,
    'equivalent',
  ],
  [
    'a random number is drawn anew',
    'call bpf_get_prandom_u32\nr6 = r0\ncall bpf_get_prandom_u32\nr0 -= r6\nexit',
    'call bpf_get_prandom_u32\ncall bpf_get_prandom_u32\nr0 = 0\nexit',
    'wrong',
  ],
  [
    'the CPU number is not',
    'call bpf_get_smp_processor_id\nr6 = r0\ncall bpf_get_smp_processor_id\nr0 -= r6\nexit',
    'r0 = 0\nexit',
    'equivalent',
  ],
  [
    'r1 to r5 hold nothing after a call',
    'r6 = 3\ncall bpf_ktime_get_ns\nr0 = r6\nexit',
    'r1 = 3\ncall bpf_ktime_get_ns\nr0 = r1\nexit',
    'wrong',
  ],
  [
    'order of calls',
    'r1 = 1\nr2 = 0\ncall bpf_redirect\nr6 = r0\ncall bpf_ktime_get_ns\nr0 = r6\nexit',
    'call bpf_ktime_get_ns\nr1 = 1\nr2 = 0\ncall bpf_redirect\nexit',
    'wrong',
  ],
  [
    'arguments of calls',
    'r1 = 1\nr2 = 0\ncall bpf_redirect\nexit',
    'r1 = 2\nr2 = 0\ncall bpf_redirect\nexit',
    'wrong',
  ],
  [
    'arguments computed otherwise',
    'r1 = 1\nr2 = 0\ncall bpf_redirect\nexit',
    'r1 = 3\nr1 -= 2\nr2 = r1\nr2 -= 1\ncall bpf_redirect\nexit',
    'equivalent',
  ],
  [
    'packet pointers are reloaded after the packet moved',
    'r6 = r1\nr7 = *(u32 *)(r1 + 0)\nr2 = 4\ncall bpf_xdp_adjust_head\nr3 = *(u32 *)(r6 + 0)\nr4 = *(u32 *)(r6 + 4)\nr5 = r3\nr5 += 1\nr0 = 1\nif r5 > r4 goto +1\nr0 = *(u8 *)(r3 + 0)\nexit',
    'r6 = r1\nr7 = *(u32 *)(r1 + 0)\nr2 = 4\ncall bpf_xdp_adjust_head\nr4 = *(u32 *)(r6 + 4)\nr5 = r7\nr5 += 1\nr0 = 1\nif r5 > r4 goto +1\nr0 = *(u8 *)(r7 + 0)\nexit',
    'wrong',
  ],
  [
    'functions are followed',
    'r6 = 5\nr1 = 7\ncall pc+3\nr0 += r6\nexit\nr0 = 0\nr0 = r1\nr0 += 1\nr6 = 0\nexit'.replace(
      'call pc+3',
      'call pc+2',
    ),
    'r0 = 13\nexit',
    'equivalent',
  ],
  [
    'and their stack is their own',
    '*(u64 *)(r10 - 8) = 1\nr1 = 2\ncall pc+2\nr0 = *(u64 *)(r10 - 8)\nexit\n*(u64 *)(r10 - 8) = r1\nr0 = 0\nexit',
    'r0 = 1\nexit',
    'equivalent',
  ],
];

describe('programs with calls', () => {
  for (const [what, source, candidate, expected] of CASES)
    it(what, () => {
      const verdict = verifier.checkPrograms(text(source), text(candidate));
      if (expected === 'wrong') expect(verdict.kind, JSON.stringify(verdict)).not.toBe('equivalent');
      else expect(verdict, JSON.stringify(verdict)).toMatchObject({ kind: 'equivalent' });
    });

  it('a difference comes with a test on which the two part', () => {
    const code = (k: number) =>
      `r3 = *(u32 *)(r1 + 4)\nr2 = *(u32 *)(r1 + 0)\nr4 = r2\nr4 += 20\nr0 = 1\nif r4 > r3 goto +4\nr5 = *(u32 *)(r2 + 16)\nr0 = 2\nif r5 != ${k} goto +1\nr0 = 3\nexit`;
    const verdict = verifier.checkPrograms(text(code(305419896)), text(code(305419897)));
    expect(verdict.kind).toBe('different');
    if (verdict.kind === 'different')
      expect(verdict.counterexample?.test?.packet.length).toBeGreaterThanOrEqual(20);
  });
});

describe('windows with calls', () => {
  const p = text(
    `r6 = r1\n${lookup('array', 1)}r7 = 3\nr7 += 1\nif r0 == 0 goto +1\n*(u64 *)(r0 + 0) = r7\n${out}`,
  );

  it('are compared with what is known before and read after', () => {
    const same = text(`r7 = 4\n${lookup('array', 1)}exit`).insns.slice(0, -1);
    expect(verifier.check(p, { start: 1, end: 8 }, same)).toMatchObject({ kind: 'equivalent' });
    const other = text(`r7 = 4\n${lookup('array', 2)}exit`).insns.slice(0, -1);
    expect(verifier.check(p, { start: 1, end: 8 }, other).kind).not.toBe('equivalent');
  });
});

describe('accelerations', () => {
  for (const name of ['memoryTypes', 'mapTypes', 'offsets', 'windows', 'cache'] as const)
    it(`without ${name} nothing wrong gets right`, async () => {
      const v = await createWindowVerifier({
        accelerations: { [name]: false },
        rlimit: 300_000,
        memoryModel: 'plain',
      });
      for (const [, source, candidate, expected] of CASES) {
        const verdict = v.checkPrograms(text(source), text(candidate));
        if (expected === 'wrong') expect(verdict.kind).not.toBe('equivalent');
        else expect(verdict.kind).not.toBe('different');
      }
      const p = text('r0 = *(u32 *)(r1 + 12)\nr0 += 1\nr0 += 2\nexit');
      expect(v.check(p, { start: 1, end: 3 }, text('r0 += 3\nexit').insns.slice(0, 1))).toMatchObject({
        kind: 'equivalent',
      });
      v.close();
    });
});
