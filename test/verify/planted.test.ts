/**
 * Wrong rewrites of real programs: none may be called equivalent, and every counterexample must replay. Each
 * is really wrong: a run of both versions differs (those that no run tells apart are not counted), or, for
 * split atomics, by what another CPU may do in between. `K2_FULL=1` plants more than 2,000 and prints the
 * table.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/random.ts';
import { loadEntry, openCorpus } from '../../src/experiment/corpus/corpus.ts';
import type { Program } from '../../src/program/program.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { createMachine } from '../../src/vm/index.ts';
import { generateTests } from '../../src/vm/testgen/index.ts';
import { hasPaperPrograms, paperPrograms } from '../analysis/programs.ts';
import { GADGETS, plantGadget } from './gadgets.ts';
import { MISTAKES, plant, withSplitAtomic } from './planted.ts';
import { tailCopied } from './transforms.ts';

const FULL = process.env.K2_FULL === '1';
/** Of one kind in one program. */
const PER_KIND = FULL ? 2 : 1;
/** Places drawn per wrong rewrite wanted. */
const EFFORT = 12;
/** Of the kinds, the part that is tried on one program. */
const SHARE = FULL ? 1 : 0.12;
const LONGEST = FULL ? 400 : 130;

let verifier: WindowVerifier;
beforeAll(async () => {
  // No tests of its own: the proof alone must refuse.
  verifier = await createWindowVerifier({ tests: 0, rlimit: 300_000 });
});
afterAll(() => verifier.close());

/** Tells whether a version leaves something else behind on a test, other than by faulting. */
function judge(program: Program): (other: Program) => boolean {
  const machine = createMachine(program);
  machine.setTests(generateTests(program, { seed: 7, count: 48 }));
  machine.setSource(program.insns);
  return (other) => {
    machine.setCandidate(other.insns);
    const { failed, faults } = machine.evaluate();
    return failed > faults;
  };
}

interface Row {
  planted: number;
  /** Different, with a test on which both were run again and parted. */
  replayed: number;
  /** Different by a rule (an access that is not allowed, ...), without a test. */
  refused: number;
  unknown: number;
}

const table: Record<string, Row> = {};

function ask(kind: string, source: Program, wrong: Program, text: string): void {
  const row = (table[kind] ??= { planted: 0, replayed: 0, refused: 0, unknown: 0 });
  row.planted++;
  const verdict = verifier.checkPrograms(source, wrong);
  expect(verdict.kind, `${kind}, ${text}: ${JSON.stringify(verdict)}`).not.toBe('equivalent');
  if (verdict.kind === 'unknown') row.unknown++;
  else if (verdict.kind === 'different') {
    const test = verdict.counterexample?.test;
    if (test === undefined) {
      row.refused++;
      return;
    }
    const machine = createMachine(source);
    machine.setTests([test]);
    machine.setSource(source.insns);
    machine.setCandidate(wrong.insns);
    expect(machine.evaluate().failed, `${kind}, ${text}: the counterexample does not replay`).toBe(1);
    row.replayed++;
  }
}

function tryAll(name: string, program: Program): void {
  const isWrong = judge(program);
  const chosen = (kind: string): boolean => new Rng(13, kind, name).chance(SHARE);
  for (const [kind, mistake] of Object.entries(MISTAKES)) {
    if (!chosen(kind)) continue;
    const rng = new Rng(11, kind, name);
    const seen = new Set<string>();
    for (let n = 0, found = 0; n < EFFORT * PER_KIND && found < PER_KIND; n++) {
      const other = plant(program, mistake, rng);
      const key = other && JSON.stringify(other.insns);
      if (other === undefined || key === undefined || seen.has(key)) continue;
      seen.add(key);
      if (!isWrong(other)) continue;
      found++;
      ask(kind, program, other, `${name}, attempt ${n}`);
    }
  }
  const copied = program.functions.length === 1 ? tailCopied(program, new Rng(15, name)) : program;
  for (const [kind, mistake] of copied === program ? [] : Object.entries(MISTAKES)) {
    if (!chosen(`${kind}, shared`)) continue;
    // The mistake is in the version that shares code, or in the one that does not.
    const rng = new Rng(16, kind, name);
    const [source, of] = rng.chance(0.5) ? [program, copied] : [copied, program];
    for (let n = 0, found = 0; n < EFFORT * PER_KIND && found < PER_KIND; n++) {
      const other = plant(of, mistake, rng);
      if (other === undefined || !isWrong(other)) continue;
      found++;
      ask(`${kind}, where code is shared`, source, other, `${name}, attempt ${n}`);
    }
  }
  for (const [kind, gadget] of Object.entries(GADGETS)) {
    if (!chosen(kind)) continue;
    const rng = new Rng(12, kind, name);
    for (let n = 0, found = 0; n < 4 * PER_KIND && found < PER_KIND; n++) {
      const pair = plantGadget(program, gadget, rng);
      if (pair === undefined) break;
      if (!judge(pair.right)(pair.wrong)) continue;
      found++;
      ask(kind, pair.right, pair.wrong, `${name}, attempt ${n}`);
    }
  }
  const split = withSplitAtomic(program, new Rng(14, name));
  if (split !== undefined) ask('atomic addition split', program, split, name);
}

function* builtin(): Generator<{ name: string; program: Program }> {
  const corpus = openCorpus('builtin');
  for (const entry of corpus.manifest.programs) {
    const loaded = loadEntry(corpus, entry, corpus.manifest.baseline);
    if (loaded.status === 'ok') yield { name: `builtin/${entry.id}`, program: loaded.program };
  }
}

function suitable(p: Program): boolean {
  return p.insns.length <= LONGEST && p.pinned.size === 0;
}

describe('planted wrong rewrites', () => {
  for (const { name, program } of builtin())
    if (suitable(program)) it(`${name}: none is called equivalent`, () => tryAll(name, program));

  describe.skipIf(!hasPaperPrograms)('of the programs of the paper (needs K2_SHARED)', () => {
    for (const { name, program } of paperPrograms())
      if (suitable(program)) it(`${name}: none is called equivalent`, () => tryAll(name, program));
  });

  it('there were enough, of enough kinds', () => {
    const rows = Object.values(table);
    const total = rows.reduce((sum, r) => sum + r.planted, 0);
    if (FULL || process.env.K2_SHOW) {
      console.table(table);
      console.log({ total, kinds: rows.length });
    }
    const sum = (of: (r: Row) => number): number => rows.reduce((all, r) => all + of(r), 0);
    // Most are told apart by a run that was replayed: neither refused by rule alone nor given up.
    expect(sum((r) => r.replayed)).toBeGreaterThanOrEqual(0.55 * total);
    expect(sum((r) => r.unknown)).toBeLessThanOrEqual(0.2 * total);
    expect(rows.filter((r) => r.replayed > 0).length).toBeGreaterThanOrEqual(0.7 * rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(20);
    expect(total).toBeGreaterThanOrEqual(FULL ? 2000 : 150);
  });
});
