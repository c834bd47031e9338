/**
 * Rewrites that use what a function's contract does not promise. Each is right when the function is static,
 * and wrong when others may call it, replace it, or put another one in its place when they link.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSafety } from '../../src/analysis/safety.ts';
import type { FunctionContract } from '../../src/program/contracts/contract.ts';
import { replaceRange } from '../../src/program/edit.ts';
import type { Program } from '../../src/program/program.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { text } from '../analysis/programs.ts';

const scalar = { kind: 'scalar' } as const;
const GLOBAL: FunctionContract = {
  linkage: 'global',
  verified: 'alone',
  parameters: [scalar],
  returnsNumber: true,
};
/** Of every kind that others may call or replace. */
const OPEN: Readonly<Record<string, FunctionContract>> = {
  global: GLOBAL,
  weak: { ...GLOBAL, linkage: 'weak' },
  'global, hidden': { ...GLOBAL, verified: 'with callers' },
  'weak, without BTF': { linkage: 'weak', verified: 'with callers' },
};

function withContract(p: Program, contract: FunctionContract | undefined): Program {
  if (contract === undefined) return p;
  return { ...p, functions: p.functions.map((f, n) => (n === 0 ? f : { ...f, contract })) };
}

interface Planted {
  what: string;
  program: string;
  /** Instructions that are replaced. */
  window: readonly [start: number, end: number];
  by: string;
}

const PLANTED: readonly Planted[] = [
  {
    what: "the callee's result is assumed",
    program: 'r1 = 3\ncall pc+3\nif r0 == 31 goto pc+1\nr0 = 1\nexit\nr0 = 31\nexit',
    window: [2, 4],
    by: '',
  },
  {
    what: "bounds of the callee's result are assumed",
    program: 'r1 = 3\ncall pc+3\nif r0 > 15 goto pc+1\nr0 = 1\nexit\nr0 = r1\nr0 &= 15\nexit',
    window: [2, 4],
    by: 'r0 = 1',
  },
  {
    what: 'an argument that the callee ignores is dropped',
    program: 'r1 = *(u32 *)(r1 + 4)\ncall pc+1\nexit\nr0 = 2\nexit',
    window: [0, 1],
    by: '',
  },
  {
    what: 'facts of the only caller are used in the callee',
    program: 'r1 = 3\ncall pc+1\nexit\nr0 = 7\nif r1 > 15 goto pc+1\nr0 = r1\nexit',
    window: [4, 5],
    by: '',
  },
  {
    what: 'a constant argument is folded into the callee',
    program: 'r1 = 3\ncall pc+1\nexit\nr0 = r1\nr0 += 4\nexit',
    window: [3, 5],
    by: 'r0 = 7',
  },
];

/** Wrong even when the function is static, since a window does not look into calls. */
const LOST: readonly Planted[] = [
  {
    what: 'an argument is another one, which the callee masks to the same',
    program: 'r1 = 3\ncall pc+1\nexit\nr0 = r1\nr0 &= 1\nexit',
    window: [0, 1],
    by: 'r1 = 1',
  },
  {
    what: 'the upper half of an argument is dropped, which the callee ignores',
    program: 'r1 = 3\nr1 <<= 32\nr1 += 1\ncall pc+1\nexit\nw0 = w1\nexit',
    window: [0, 2],
    by: 'r1 = 0',
  },
  {
    what: 'a call is removed',
    program: 'r1 = 3\ncall pc+2\nr0 = 2\nexit\nr0 = 2\nexit',
    window: [0, 3],
    by: 'r0 = 2',
  },
  {
    what: 'a function is inlined',
    program: 'r1 = 3\ncall pc+1\nexit\nr0 = 2\nexit',
    window: [0, 2],
    by: 'r0 = 2',
  },
  {
    what: 'a call is made twice',
    program: 'r1 = 3\ncall pc+1\nexit\nr0 = 2\nexit',
    window: [0, 2],
    by: 'r1 = 3\ncall pc+2\nr1 = 3\ncall pc+1',
  },
  {
    what: 'two calls are exchanged',
    program: 'r1 = 3\ncall pc+3\nr1 = 4\ncall pc+1\nexit\nr0 = r1\nexit',
    window: [0, 4],
    by: 'r1 = 4\ncall pc+3\nr1 = 3\ncall pc+1',
  },
];

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier({ tests: 0 });
});
afterAll(() => verifier.close());

function replacementOf({ program, window: [start, end], by }: Planted): Program['insns'] {
  return by === ''
    ? []
    : (text(`${by}\nexit`)
        .insns.slice(0, -1)
        .map((i) => ({ ...i })) ?? [program, start, end]);
}

function changed(p: Program, planted: Planted): Program {
  const [start, end] = planted.window;
  return replaceRange(p, start, end, replacementOf(planted));
}

describe('what a contract does not promise', () => {
  for (const planted of PLANTED) {
    const [start, end] = planted.window;
    const ask = (contract?: FunctionContract) =>
      verifier.check(withContract(text(planted.program), contract), { start, end }, replacementOf(planted));
    it(`${planted.what}: right in a static function`, () => {
      expect(ask()).toMatchObject({ kind: 'equivalent' });
    });
    for (const [kind, contract] of Object.entries(OPEN))
      it(`${planted.what}: wrong, ${kind}`, () => {
        expect(ask(contract).kind).not.toBe('equivalent');
        const source = withContract(text(planted.program), contract);
        expect(verifier.checkPrograms(source, changed(source, planted)).kind).not.toBe('equivalent');
      });
  }
  for (const planted of LOST)
    for (const [kind, contract] of Object.entries({ static: undefined, ...OPEN }))
      it(`${planted.what}: never, ${kind}`, () => {
        const [start, end] = planted.window;
        const p = withContract(text(planted.program), contract);
        expect(verifier.check(p, { start, end }, replacementOf(planted)).kind).not.toBe('equivalent');
        if (contract !== undefined)
          expect(verifier.checkPrograms(p, changed(p, planted)).kind).not.toBe('equivalent');
      });
});

describe('what a contract allows', () => {
  it('each function by itself', () => {
    const p = withContract(text('r1 = 3\ncall pc+2\nr0 += 0\nexit\nr0 = r1\nr0 += 4\nr0 += 3\nexit'), GLOBAL);
    const caller = replaceRange(p, 2, 3, []);
    expect(verifier.checkPrograms(p, caller)).toMatchObject({ kind: 'equivalent' });
    const callee = replaceRange(p, 5, 7, text('r0 += 7\nexit').insns.slice(0, 1));
    expect(verifier.checkPrograms(p, callee)).toMatchObject({ kind: 'equivalent' });
  });

  it('a stack slot of the caller lives on when nobody is given its address', () => {
    const p = withContract(
      text('*(u64 *)(r10 - 8) = 5\nr1 = 3\ncall pc+2\nr0 = *(u64 *)(r10 - 8)\nexit\nr0 = 1\nexit'),
      GLOBAL,
    );
    expect(verifier.check(p, { start: 3, end: 4 }, text('r0 = 5\nexit').insns.slice(0, 1)).kind).toBe(
      'equivalent',
    );
  });
});

describe('a callee that may do anything', () => {
  const memory: FunctionContract = { ...GLOBAL, parameters: [{ kind: 'memory', size: 8, nullable: true }] };
  const context: FunctionContract = { ...GLOBAL, parameters: [{ kind: 'ctx' }] };
  it('writes to the stack whose address it is given', () => {
    const p = withContract(
      text(
        '*(u64 *)(r10 - 8) = 5\nr1 = r10\nr1 += -8\ncall pc+2\nr0 = *(u64 *)(r10 - 8)\nexit\nr0 = 1\nexit',
      ),
      memory,
    );
    expect(verifier.check(p, { start: 4, end: 5 }, text('r0 = 5\nexit').insns.slice(0, 1)).kind).not.toBe(
      'equivalent',
    );
    // And reads it: the store stays.
    expect(verifier.check(p, { start: 0, end: 1 }, []).kind).not.toBe('equivalent');
  });

  it('moves the packet', () => {
    const p = withContract(
      text('r6 = r1\nr7 = *(u32 *)(r1 + 0)\ncall pc+3\nr0 = *(u32 *)(r6 + 0)\nr0 -= r7\nexit\nr0 = 1\nexit'),
      context,
    );
    expect(verifier.check(p, { start: 3, end: 5 }, text('r0 = 0\nexit').insns.slice(0, 1)).kind).not.toBe(
      'equivalent',
    );
  });

  it("is given memory that may be anybody's: two pointers may be one", () => {
    const two: FunctionContract = { ...memory, parameters: [memory.parameters![0]!, memory.parameters![0]!] };
    const p = withContract(
      text(
        '*(u64 *)(r10 - 8) = 5\nr1 = r10\nr1 += -8\nr2 = r1\ncall pc+1\nexit\n*(u64 *)(r1 + 0) = 1\n*(u64 *)(r2 + 0) = 2\nr0 = *(u64 *)(r1 + 0)\nexit',
      ),
      two,
    );
    expect(
      verifier.check(
        p,
        { start: 6, end: 9 },
        text('*(u64 *)(r1 + 0) = 1\n*(u64 *)(r2 + 0) = 2\nr0 = 1\nexit').insns.slice(0, 3),
      ).kind,
    ).not.toBe('equivalent');
  });
});

describe('the kernel verifies global functions alone', () => {
  const reasons = (source: string, contract: FunctionContract): string[] =>
    checkSafety(withContract(text(source), contract)).map((f) => f.reason);
  it.each([
    [
      'an argument that is not there',
      'r2 = 1\ncall pc+1\nexit\nr0 = 2\nexit',
      GLOBAL,
      /R1 is not a scalar|invalid args/,
    ],
    ['a pointer for a number', 'call pc+1\nexit\nr0 = 2\nexit', GLOBAL, /R1 is not a scalar/],
    ['a result that is no number', 'r1 = 1\ncall pc+2\nr0 = 1\nexit\nr0 = r10\nexit', GLOBAL, /not a scalar/],
    [
      "a callee that relies on its caller's bounds",
      'r1 = 3\ncall pc+1\nexit\nr2 = r10\nr2 += -16\nr2 += r1\n*(u8 *)(r2 + 0) = 1\nr0 = 0\nexit',
      GLOBAL,
      /stack|unbounded/,
    ],
    [
      "a caller that relies on its callee's bounds",
      'r1 = 3\ncall pc+6\nr2 = r10\nr2 += -16\nr2 += r0\n*(u8 *)(r2 + 0) = 1\nr0 = 0\nexit\nr0 = r1\nr0 &= 15\nexit',
      GLOBAL,
      /stack|unbounded/,
    ],
  ])('%s', (_, source, contract, reason) => {
    expect(reasons(source, contract).join('\n')).toMatch(reason);
  });

  it('and those it verifies with their callers with what these have', () => {
    const source =
      'r1 = 3\ncall pc+6\nr2 = r10\nr2 += -16\nr2 += r0\n*(u8 *)(r2 + 0) = 1\nr0 = 0\nexit\nr0 = r1\nr0 &= 15\nexit';
    expect(reasons(source, OPEN['global, hidden']!)).toEqual([]);
    expect(reasons(source, GLOBAL)).not.toEqual([]);
  });
});

describe('an exception callback', () => {
  const contract: FunctionContract = { ...GLOBAL, isExceptionCallback: true };
  const entry = { name: 'f0', start: 0, end: 2 };
  const withCallback = (source: string): Program => {
    const p = text(source);
    return { ...p, functions: [entry, { name: 'caught', start: 2, end: p.insns.length, contract }] };
  };
  it('is reached although nobody calls it, with a number; what it returns is what the program returns', () => {
    expect(checkSafety(withCallback('r0 = 1\nexit\nr0 = r1\nexit'))).toEqual([]);
    expect(checkSafety(withCallback('r0 = 1\nexit\nr0 = r2\nexit')).map((f) => f.reason)).toEqual([
      'R2 !read_ok',
    ]);
    expect(
      checkSafety({
        ...text('r0 = 1\nexit\nr0 = r1\nexit'),
        functions: [entry, { ...entry, start: 2, end: 4 }],
      }),
    ).not.toEqual([]);
  });

  it('is compared by itself', () => {
    const p = withCallback('r0 = 1\nexit\nr0 = 7\nif r1 > 15 goto pc+1\nr0 = r1\nexit');
    expect(verifier.check(p, { start: 3, end: 4 }, []).kind).not.toBe('equivalent');
    expect(verifier.checkPrograms(p, replaceRange(p, 3, 4, [])).kind).not.toBe('equivalent');
    expect(
      verifier.checkPrograms(p, replaceRange(p, 2, 2, text('r2 = 3\nexit').insns.slice(0, 1))),
    ).toMatchObject({ kind: 'equivalent' });
  });
});
