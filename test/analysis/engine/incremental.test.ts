/** Analysing a program with the help of an earlier version of it comes to the same as analysing it alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANALYSIS_RULES, analyze } from '../../../src/analysis/analyze.ts';
import { commonOf } from '../../../src/analysis/cfg/program-diff.ts';
import { liveness } from '../../../src/analysis/liveness.ts';
import { examine, examiner } from '../../../src/analysis/safety.ts';
import { Rng } from '../../../src/base/random.ts';
import { EditError } from '../../../src/isa/edit.ts';
import { type Insn, insn } from '../../../src/isa/insn.ts';
import { specOf } from '../../../src/isa/semantics.ts';
import { replaceRange } from '../../../src/program/edit.ts';
import { programsOf, readObject } from '../../../src/program/elf/index.ts';
import type { Program } from '../../../src/program/program.ts';
import { contextProvider } from '../../../src/verify/window-context.ts';
import { randomLoops, randomProgram } from '../concrete.ts';
import { hasPaperPrograms, paperPrograms, programOf, text } from '../programs.ts';

const MOV64_K = 0xb7;
/** K2_FULL: so many times as much. */
const FULL = process.env.K2_FULL === undefined ? 1 : 20;

/** Some instructions in the place of others: gone, doubled, changed, or with a test before them. */
function edited(program: Program, rng: Rng): Program | undefined {
  const { insns } = program;
  const start = rng.below(insns.length);
  const end = Math.min(insns.length, start + rng.below(4));
  const old = insns.slice(start, end);
  const some = insn(MOV64_K, rng.below(10), 0, 0, rng.below(8));
  const made: Insn[][] = [
    [],
    old.slice(1),
    [...old, some],
    [some, ...old],
    old.map((i) => (specOf(i)?.kind === 'alu' ? { ...i, imm: i.imm ^ rng.below(2) } : i)),
    [insn(0x15, rng.below(10), 0, 1, rng.below(4)), some, ...old],
  ];
  try {
    const now = replaceRange(program, start, end, made[rng.below(made.length)]!);
    return now.insns.length > 0 ? now : undefined;
  } catch (e) {
    if (e instanceof EditError) return undefined;
    throw e;
  }
}

const OBJECTS = resolve(import.meta.dirname, '../../../corpora/builtin/obj/clang-14-O2');

function builtinPrograms(): Program[] {
  return readdirSync(OBJECTS).flatMap((file) =>
    programsOf(readObject(readFileSync(join(OBJECTS, file)), file)).flatMap((p) => (p.ok ? [p.program] : [])),
  );
}

/** The contexts of all windows of one instruction, or why there is none. */
function contexts(program: Program, contextOf = contextProvider()): unknown[] {
  return program.insns.map((_, index) => {
    try {
      return contextOf(program, { start: index, end: index + 1 });
    } catch (e) {
      return String(e);
    }
  });
}

/** A few edits, one after the other; now and then back to an earlier version. */
function compare(program: Program, seed: number, edits: number): void {
  const rng = new Rng('edits', program.name, seed);
  const contextOf = contextProvider();
  const examineAgain = examiner({ linux: 504 });
  contexts(program, contextOf);
  examineAgain(program);
  const versions = [program];
  for (let n = 0; n < edits; n++) {
    const now = edited(versions[rng.below(4) === 0 ? rng.below(versions.length) : versions.length - 1]!, rng);
    if (now === undefined) continue;
    versions.push(now);
    // Much faster than toEqual.
    expect(isDeepStrictEqual(contexts(now, contextOf), contexts(now))).toBe(true);
    expect(examineAgain(now)).toEqual(examine(now, { linux: 504 }));
  }
}

describe('a version of a program that was analysed before', () => {
  it.each(builtinPrograms().map((program) => [program.name, program] as const))('%s', (_, program) => {
    compare(program, 1, FULL * Math.ceil(300 / program.insns.length));
  });

  it.skipIf(!hasPaperPrograms)('programs of the paper (skipped without them)', () => {
    for (const { name, program } of paperPrograms())
      if (name !== 'xdp-balancer') compare(program, 2, 4 * FULL);
  });

  it.each([
    ['without loops', randomProgram, 30],
    ['with loops', randomLoops, 5],
  ] as const)('random programs %s', (_, programs, numRuns) => {
    fc.assert(
      fc.property(programs, fc.nat(1000), (insns, seed) => compare(programOf(insns), seed, 6)),
      { numRuns: numRuns * FULL, seed: 11 },
    );
  });
});

describe('what two versions have in common', () => {
  it('is what stands at both ends, whatever the distances of jumps', () => {
    const old = text('r0 = 0\nif r1 == 0 goto out\nr2 = 1\nr3 = 2\nr3 = 2\nout:\nexit');
    expect(commonOf(old, replaceRange(old, 3, 4, []))).toEqual({ prefix: 4, suffix: 2 - 1 });
    expect(commonOf(old, old)).toEqual({ prefix: old.insns.length, suffix: 0 });
    expect(commonOf(old, { ...old, hook: 'sched_cls' })).toBeUndefined();
  });
});

describe('an edit inside one block', () => {
  /** Tests of a packet's bytes, one after the other, each with a dead instruction. */
  const long = text(`
    r7 = *(u32 *)(r1 +0)
    r2 = *(u32 *)(r1 +4)
    r1 = r7
    r1 += 64
    r0 = 2
    if r1 > r2 goto out
    ${Array.from({ length: 60 }, (_, n) => `r3 = ${n}\nr1 = *(u8 *)(r7 +${n})\nif r1 == ${n} goto out`).join('\n')}
    r0 = 1
  out:
    exit`);

  it('touches what depends on it, not the program', () => {
    const before = analyze(long);
    const live = liveness(before);
    for (const place of [6, 6 + 3 * 30, 6 + 3 * 59]) {
      const now = replaceRange(long, place, place + 1, []);
      const after = analyze(now, ANALYSIS_RULES, before);
      // The next block sets the register again; the exit is where all blocks lead.
      expect(after.edit?.changed.length).toBeLessThanOrEqual(3);
      const updated = liveness(after, live);
      const anew = liveness(analyze(now));
      for (let index = 0; index < now.insns.length; index++)
        expect(updated.liveBefore(index)).toEqual(anew.liveBefore(index));
    }
  });

  it('is explored as a whole where jumps lead elsewhere', () => {
    const before = analyze(long);
    const turned = replaceRange(long, 8, 9, [{ ...long.insns[8]!, off: long.insns[8]!.off - 1 }]);
    expect(analyze(turned, ANALYSIS_RULES, before).edit).toBeUndefined();
  });
});
