/**
 * Objects whose functions others may call, replace or verify alone: what the optimizer makes of them does the
 * same after each replacement, and loads wherever the input did. Sources: test/program/elf/data.
 */
import { describe, expect, it } from 'vitest';
import { insn } from '../../src/isa/insn.ts';
import { accepts } from '../../src/kernel/index.ts';
import { OPTIMIZE_DEFAULTS } from '../../src/optimizer/defaults.ts';
import { optimizeFile } from '../../src/optimizer/objects/optimize-file.ts';
import { contractOf, isOpen } from '../../src/program/contracts/contract.ts';
import { replaceRange } from '../../src/program/edit.ts';
import { programsOf, readObject } from '../../src/program/elf/index.ts';
import { loadBytes } from '../../src/program/file.ts';
import type { FunctionRange, Program } from '../../src/program/program.ts';
import { createMachine } from '../../src/vm/index.ts';
import { generateTests } from '../../src/vm/testgen/index.ts';
import { text } from '../analysis/programs.ts';
import { hasKernel } from '../kernel/kernel.ts';
import { bytesOf } from '../program/elf/fixtures.ts';

// Neither the kernel nor runs help: the proofs alone must keep what contracts promise.
const OPTIONS = { ...OPTIMIZE_DEFAULTS, steps: 8000, tests: 8, kernel: 'off', diffRuns: 0 } as const;

async function optimized(name: string): Promise<{ before: Program; after: Program }[]> {
  const { contents, rows } = await optimizeFile(loadBytes(bytesOf(name), name), OPTIONS);
  if (contents.kind !== 'object') throw new Error('an object comes out as an object');
  const written = programsOf(readObject(contents.bytes, name));
  return rows.flatMap((row) => {
    if (row.status !== 'optimized') throw new Error(`${row.name}: ${row.reason}`);
    const after = written.find((r) => r.ok && r.program.name === row.name);
    if (after?.ok !== true) throw new Error(`${row.name} is gone`);
    return [{ before: row.original, after: after.program }];
  });
}

const BODIES: readonly string[] = ['r0 = 0', 'r0 = 1', 'r0 = 31', 'r0 = -1', 'r0 = r1'];

/** The program after somebody has put another body in the place of a function. */
function replaced(p: Program, name: string, body: string): Program {
  const f = p.functions.find((g) => g.name === name);
  if (f === undefined) throw new Error(`${p.name} has lost ${name}`);
  return replaceRange(p, f.start, f.end, text(`${body}\nexit`).insns);
}

function openFunctions(p: Program): FunctionRange[] {
  return p.functions.slice(1).filter(isOpen);
}

function sameOutcomes(a: Program, b: Program): void {
  const machine = createMachine(a);
  machine.setTests(generateTests(a, { seed: 3, count: 48 }));
  machine.setSource(a.insns);
  machine.setCandidate(b.insns);
  expect(machine.evaluate().failed).toBe(0);
}

describe.each(['functions.o', 'weak.o', 'weak-plain.o', 'leaving.o'])('%s', async (name) => {
  const programs = await optimized(name);
  it.each(programs.map((p) => [p.before.name, p] as const))('%s does the same', (_, { before, after }) => {
    sameOutcomes(before, after);
  });

  const cases = programs.flatMap(({ before, after }) =>
    openFunctions(before).flatMap((f) =>
      BODIES.map((body) => [before.name, f.name, body, before, after] as const),
    ),
  );
  it.skipIf(cases.length === 0).each(cases)('%s does the same when %s is %s', (_, f, body, before, after) => {
    const contract = contractOf(before.functions.find((g) => g.name === f));
    if (body === 'r0 = r1' && contract.parameters?.[0]?.kind !== 'scalar') return;
    const [a, b] = [replaced(before, f, body), replaced(after, f, body)];
    sameOutcomes(a, b);
    if (hasKernel && accepts(a).status === 'accepted')
      expect(accepts(b)).toMatchObject({ status: 'accepted' });
  });

  it.skipIf(!hasKernel).each(programs.map((p) => [p.before.name, p] as const))(
    '%s loads wherever the input did',
    (_, { before, after }) => {
      if (accepts(before).status === 'accepted') expect(accepts(after)).toMatchObject({ status: 'accepted' });
    },
  );
});

describe('functions that leave early', async () => {
  const programs = await optimized('leaving.o');
  it.each([
    ['word', 5n],
    ['option', 100n],
  ])('%s goes on with 0 after a packet that is too short', (name, r0) => {
    const { before, after } = programs.find((p) => p.before.name === name)!;
    for (const p of [before, after]) {
      const machine = createMachine(p);
      machine.setTests([
        { packet: new Uint8Array(64), ctx: new Uint8Array(192), maps: p.maps.map(() => []), seed: 1 },
      ]);
      expect(machine.run(p.insns, 0)).toMatchObject({ status: 'exit', r0 });
    }
  });
  it('a tail call that may succeed keeps what its caller does with the result', () => {
    const { after } = programs.find((p) => p.before.name === 'jump')!;
    expect(replaced(after, 'hop', 'r0 = 7').insns).toContainEqual(insn(0xb7, 0, 0, 0, 2));
  });
});
