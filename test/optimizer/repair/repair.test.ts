/**
 * Safe programs that the kernel refuses are repaired; programs with a real mistake are not, whatever it looks
 * like.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../../src/isa/index.ts';
import { KernelSession } from '../../../src/kernel/index.ts';
import { agreementOf } from '../../../src/optimizer/repair/agreement.ts';
import { diagnose } from '../../../src/optimizer/repair/families.ts';
import { type RepairResult, repair } from '../../../src/optimizer/repair/repair.ts';
import type { MapDef, Program } from '../../../src/program/program.ts';
import { createSolver, type Solver } from '../../../src/solver/index.ts';
import { contextProvider } from '../../../src/verify/index.ts';
import { hasKernel, needsKernel } from '../../kernel/kernel.ts';
import { programOf } from '../helpers.ts';

let solver: Solver;
beforeAll(async () => {
  solver = await createSolver();
});
afterAll(() => solver.close());

const HASH: MapDef = { name: 'm', type: 1, keySize: 4, valueSize: 8, maxEntries: 8, flags: 0 };

/** Reads a byte of a packet of 14 bytes and more into r3, and keeps it on the stack. */
const parse = (at: number): string => `
r6 = *(u32 *)(r1 +0)
r7 = *(u32 *)(r1 +4)
r0 = 2
r2 = r6
r2 += 14
if r2 > r7 goto out
r3 = *(u8 *)(r6 +${at})
*(u32 *)(r10 -8) = r3
`;

/** An address that is NULL unless the byte is `first`; it is followed when the byte is `second`. */
const correlated = (first: number, second: number, at = 12, between = ''): string => `${parse(at)}
r4 = r6
if w3 == ${first} goto keep
r4 = 0
keep:
${between}
w1 = *(u32 *)(r10 -8)
if w1 != ${second} goto out
r0 = *(u8 *)(r4 +${at % 5})
out:
exit
`;

/** A register that is written only when the byte is `first`, and read when it is `second`. */
const unwritten = (first: number, second: number, register = 5): string => `${parse(12)}
if r3 != ${first} goto skip
r${register} = 1
skip:
if r3 != ${second} goto out
r0 = r${register}
out:
exit
`;

/** A lookup whose result is followed without a test, or after a test of something else. */
const unchecked = (test: string): string => `
r1 = 0
*(u32 *)(r10 -4) = r1
r2 = r10
r2 += -4
r1 = map[id:0]
call 1
${test}
r0 = *(u8 *)(r0 +0)
exit
out:
r0 = 0
exit
`;

function xdp(text: string, maps: MapDef[] = []): Program {
  return programOf(
    assemble(text, { map: (name) => (name === '0' || name === 'm' ? 0 : undefined) }),
    'xdp',
    maps,
  );
}

function repaired(program: Program, guard = false): RepairResult {
  const opened = KernelSession.open(program);
  if (!opened.ok) throw new Error(opened.reason);
  try {
    return repair(program, opened.session, { solver, contextOf: contextProvider(), guard });
  } finally {
    opened.session.close();
  }
}

describe.skipIf(!hasKernel)(`repair${needsKernel}`, () => {
  it('an address that is NULL only where it is not followed', () => {
    const program = xdp(correlated(6, 6));
    const result = repaired(program);
    expect(result).toMatchObject({
      status: 'repaired',
      steps: [{ family: 'access through a number', register: 4 }],
    });
    if (result.status !== 'repaired') return;
    expect(result.steps[0]!.proof!.impossible).toBeGreaterThan(0);
    expect(agreementOf(program, result.program, 200, 1)).toMatchObject({ status: 'agree' });
  });

  it('a register that is unwritten only where it is not read', () => {
    const program = xdp(unwritten(6, 6));
    const result = repaired(program);
    expect(result).toMatchObject({
      status: 'repaired',
      steps: [{ family: 'uninitialised register', register: 5 }],
    });
    if (result.status === 'repaired')
      expect(agreementOf(program, result.program, 200, 1)).toMatchObject({ status: 'agree' });
  });

  it('what is accepted stays as it is', () => {
    expect(repaired(xdp('r0 = 2\nexit\n'))).toEqual({ status: 'accepted', steps: [] });
  });

  it('a reason that no repair is known for is said', () => {
    const result = repaired(xdp('r2 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r2 +0)\nexit\n'));
    expect(result).toMatchObject({
      status: 'not repaired',
      refusal: expect.stringContaining('outside of the packet'),
    });
  });

  it('--guard adds the check that is missing, and the program then returns 0 there', () => {
    const program = xdp(correlated(6, 7));
    const result = repaired(program, true);
    expect(result.status).toBe('repaired');
    expect(result.steps.map((s) => s.proof)).toEqual([undefined]);
  });

  const mistakes: [string, string, MapDef[]][] = [];
  for (let n = 0; n < 60; n++)
    mistakes.push([
      `NULL followed, ${n}`,
      correlated(n, (n * 7 + 1) % 256 === n ? n + 1 : (n * 7 + 1) % 256, n % 13),
      [],
    ]);
  for (let n = 0; n < 60; n++)
    mistakes.push([`unwritten read, ${n}`, unwritten(n, n + 1 + (n % 9), n % 2 === 0 ? 5 : 8), []]);
  for (let n = 0; n < 40; n++)
    mistakes.push([
      `the test's byte changes in between, ${n}`,
      correlated(n + 1, n + 1, 12, `r5 = *(u32 *)(r10 -8)\nr5 ^= ${1 + (n % 7)}\n*(u32 *)(r10 -8) = r5`),
      [],
    ]);
  const tests = ['', 'r3 = r0', 'if r2 == 0 goto out', 'r8 = r0\nif r9 == 0 goto out', 'if r0 != 0 goto out'];
  for (let n = 0; n < 40; n++)
    mistakes.push([
      `NULL of a lookup followed, ${n}`,
      unchecked(
        n % 5 === 2 ? `r2 = ${n}\n${tests[2]}` : n % 5 === 3 ? `r9 = ${n}\n${tests[3]}` : tests[n % 5]!,
      ),
      [HASH],
    ]);

  it('a function that is called on the way ends the search: it may do anything to what is tested', () => {
    const main = correlated(6, 6, 12, 'r9 = r4\nr8 = r0\ncall pc+6\nr0 = r8\nr4 = r9');
    const insns = assemble(`${main}\nr0 = 0\nexit\n`);
    const program = xdp(main);
    const end = program.insns.length;
    const functions = [
      { name: 'test', start: 0, end },
      { name: 'callee', start: end, end: end + 2 },
    ];
    const origin = insns.map((_, n) => n);
    const result = repaired({ ...program, insns, functions, origin });
    expect(result).toMatchObject({
      status: 'not repaired',
      reason: expect.stringContaining('a function is called on the way'),
    });
  });

  it('memory that others see may change between two tests of it: that is a mistake, too', () => {
    const map: MapDef = { name: 'a', type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 };
    const twice = (second: string): string => `
r1 = 0
*(u32 *)(r10 -4) = r1
r2 = r10
r2 += -4
r1 = map[id:0]
call 1
if r0 == 0 goto out
r8 = r0
r4 = r0
w3 = *(u32 *)(r8 +0)
*(u32 *)(r10 -8) = r3
if w3 == 6 goto keep
r4 = 0
keep:
${second}
if w1 != 6 goto out
r0 = *(u32 *)(r4 +0)
exit
out:
r0 = 0
exit
`;
    expect(repaired(xdp(twice('w1 = *(u32 *)(r8 +0)'), [map])).status).toBe('not repaired');
    expect(repaired(xdp(twice('w1 = *(u32 *)(r10 -8)'), [map])).status).toBe('repaired');
  });

  it(`none of ${mistakes.length} planted mistakes is repaired`, () => {
    expect(mistakes.length).toBeGreaterThanOrEqual(200);
    for (const [name, text, maps] of mistakes) {
      const result = repaired(xdp(text, maps));
      expect(result.status, `${name}: ${JSON.stringify(result).slice(0, 300)}\n${text}`).toBe('not repaired');
    }
  });
});

describe('diagnose', () => {
  it.each([
    ['R5 !read_ok', 'uninitialised register', 5],
    ['12: (bf) r0 = r5; R5 !read_ok', 'uninitialised register', 5],
    ["R4 invalid mem access 'scalar'", 'access through a number', 4],
    ["R10 invalid mem access 'inv'", 'access through a number', 10],
    ['R1 type=scalar expected=fp, pkt', 'argument is a number', 1],
    ['invalid size of register spill', 'half of a pointer spilled', undefined],
    ['R2 offset is outside of the packet', 'packet bounds', undefined],
    ['BPF program is too large. Processed 1000001 insn', 'too large', undefined],
    [
      'At program exit the register R0 has value (0x5; 0x0) should have been in (0x0; 0x1)',
      'result range',
      undefined,
    ],
    ['nothing that is known', 'other', undefined],
  ])('%s: %s', (reason, family, register) => {
    const d = diagnose(reason);
    expect([d.family, d.register]).toEqual([family, register]);
  });
});
