/**
 * Soundness campaign: optimizes many programs and looks for inputs on which original and result part.
 *
 *   npx tsc -p test/audit/tsconfig.json && node node_modules/.cache/k2-audit/test/audit/campaign.js PART [k=v
 *     ...]
 *
 *   PART   builtin (variants=clang-14-O2,...)  paper  mutants (of=paper|builtin)  fuzz  rich
 *   k=v    steps, seed, count, tests (fresh, fast), reference, runs (kernel), shard=k/n, level, linux
 *
 * One JSON line per program; a line with `found` is a bug, and so is a rewrite that was proven but fails
 * tests. Everything follows from the seed. Needs root for the kernel's part.
 */
import { release } from 'node:os';
import { Rng } from '../../src/base/random.ts';
import { loadEntry, openCorpus } from '../../src/experiment/corpus/corpus.ts';
import type { IsaLevel } from '../../src/isa/semantics.ts';
import { mutant } from '../../src/kernel/differential/mutants.ts';
import { KernelSession, linuxNumber, randomProgram } from '../../src/kernel/index.ts';
import { OPTIMIZE_DEFAULTS, optimizeProgram } from '../../src/optimizer/index.ts';
import { toJson } from '../../src/program/json.ts';
import type { Program } from '../../src/program/program.ts';
import { contextProvider, createWindowVerifier } from '../../src/verify/index.ts';
import { compare } from './compare.ts';
import { richProgram } from './generate.ts';

const [part = 'rich', ...settings] = process.argv.slice(2);
const given = new Map(settings.map((s) => s.split('=') as [string, string]));
const number = (name: string, otherwise: number): number => Number(given.get(name) ?? otherwise);
const [shard, shards] = (given.get('shard') ?? '0/1').split('/').map(Number) as [number, number];
const seed = number('seed', 20_260);
const steps = number('steps', 200_000);
const count = number('count', 50);
const counts = {
  fast: number('tests', 3000),
  reference: number('reference', 150),
  kernel: number('runs', 2000),
};

/** linux=618 and level=4 let the optimizer use every instruction. */
const target = {
  ...(given.has('level') ? { level: number('level', 3) as IsaLevel } : {}),
  ...(given.has('linux') ? { linux: number('linux', 504) } : {}),
};

interface Subject {
  id: string;
  program: Program;
}

function accepted(program: Program): boolean {
  const opened = KernelSession.open(program);
  if (!opened.ok) return false;
  const ok = opened.session.original.status === 'accepted';
  opened.session.close();
  return ok;
}

function* corpus(name: string, variants: readonly string[]): Generator<Subject> {
  const c = openCorpus(name);
  for (const variant of variants)
    for (const entry of c.manifest.programs) {
      const loaded = loadEntry(c, entry, variant);
      if (loaded.status === 'ok') yield { id: `${name}/${entry.id}/${variant}`, program: loaded.program };
    }
}

function* mutants(of: Iterable<Subject>): Generator<Subject> {
  for (const { id, program } of of) {
    const opened = KernelSession.open(program);
    if (!opened.ok || program.insns.length > 600) continue;
    let kept = 0;
    for (let n = 0; n < 400 && kept < count; n++) {
      const m = mutant(new Rng(seed, 'mutant', id, n), program);
      if (m === undefined || opened.session.check(m.insns).status !== 'accepted') continue;
      kept++;
      yield { id: `${id}/mutant-${n}`, program: m };
    }
    opened.session.close();
  }
}

function* generated(make: (rng: Rng) => Program): Generator<Subject> {
  let kept = 0;
  for (let n = 0; n < count * 30 && kept < count; n++) {
    const program = make(new Rng(seed, part, n));
    if (!accepted(program)) continue;
    kept++;
    yield { id: `${part}/${seed}/${n}`, program };
  }
}

function subjects(): Iterable<Subject> {
  const variants = (given.get('variants') ?? 'clang-14-O2').split(',');
  switch (part) {
    case 'builtin':
      return corpus('builtin', variants);
    case 'paper':
      return corpus('k2-paper', given.has('variants') ? variants : ['clang-9-O2']);
    case 'mutants':
      return mutants(
        (given.get('of') ?? 'paper') === 'paper'
          ? corpus('k2-paper', ['clang-9-O2'])
          : corpus('builtin', variants),
      );
    case 'fuzz':
      return generated((rng) => randomProgram(rng, 10 + rng.below(40), linuxNumber(release())));
    default:
      return generated((rng) => richProgram(rng, 10 + rng.below(30)).program);
  }
}

async function main(): Promise<void> {
  let verifier = await createWindowVerifier({ contextOf: contextProvider() });
  let n = 0;
  let made = 0;
  for (const { id, program } of subjects()) {
    if (n++ % shards !== shard) continue;
    if (given.has('only') && !id.includes(given.get('only')!)) continue;
    // Facts and sessions of many programs add up.
    if (++made % 25 === 0) {
      verifier.close();
      verifier = await createWindowVerifier({ contextOf: contextProvider() });
    }
    const began = process.cpuUsage();
    const row: Record<string, unknown> = { id };
    try {
      const options = { ...OPTIMIZE_DEFAULTS, steps, seed, diffRuns: 0, kernel: 'auto' as const, ...target };
      const result = await optimizeProgram(program, options, {}, verifier);
      row.slots = [result.slotsBefore, result.slotsAfter];
      row.rewrites = result.rewrites.length;
      row.kernel = result.kernel.status;
      if (result.kernel.status === 'refused') row.found = { in: 'kernel load', detail: result.kernel.reason };
      row.notes = result.notes.filter((note) => note.includes('turned down'));
      if (result.notes.some((note) => note.includes('turned down: tests'))) row.suspect = true;
      if (result.rewrites.length > 0) {
        const c = compare(program, result.program, seed + 77, counts, result.kernel.status === 'accepted');
        Object.assign(row, c);
        if (c.found !== undefined) {
          row.rewritesDone = result.rewrites;
          row.before = toJson(program);
          row.after = toJson(result.program);
        }
      }
    } catch (e) {
      row.found = { in: 'crash', detail: e instanceof Error ? (e.stack ?? e.message) : String(e) };
      row.before = toJson(program);
    }
    const { user, system } = process.cpuUsage(began);
    row.seconds = Math.round((user + system) / 1e5) / 10;
    process.stdout.write(`${JSON.stringify(row)}\n`);
  }
  verifier.close();
}

await main();
