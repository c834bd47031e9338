/**
 * How long the verifier takes, by the stage that decides:
 *
 *   windows    every straight-line window of up to four instructions of the paper's small programs, with
 *              random small changes; those that
 *              samples do not refute are what a search would ask about after its tests
 *   programs   each program against itself with its registers renamed: the whole-program check
 *
 * Milliseconds of wall time per check, median and 95th percentile; one JSON line each.
 */
import { type Insn, isNop, nop } from '../src/isa/insn.ts';
import { OPS, specOf } from '../src/isa/semantics.ts';
import type { Program } from '../src/program/program.ts';
import { straightRuns } from '../src/search/windows.ts';
import { createWindowVerifier } from '../src/verify/index.ts';
import { Rng } from '../src/vm/index.ts';
import { paperNames, paperProgram } from './paper.ts';

/** Instructions beyond which a program is only taken when it is named. */
const SMALL = 1000;
const LENGTH = 4;
const CHANGES = 8;

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(3));
}

/** A small change: an instruction dropped, narrowed to 32 bits, or with another constant. */
function change(window: readonly Insn[], rng: Rng): Insn[] {
  const at = rng.below(window.length);
  const i = window[at]!;
  const spec = specOf(i);
  const narrow = OPS.find((o) => o.name === spec?.name.replace(/^([a-z]+)64\./, '$132.'));
  const choice = rng.below(3);
  const other =
    choice === 0
      ? nop()
      : choice === 1 && spec?.kind === 'alu' && narrow !== undefined
        ? { ...i, op: narrow.op }
        : { ...i, imm: i.imm ^ rng.pick([0, 1, 1 << 16]) };
  return window.map((x, n) => (n === at ? other : x)).filter((x) => !isNop(x));
}

function renamed(p: Program): Program {
  // ld_abs wants the context in r6.
  const from = p.insns.some((i) => specOf(i)?.kind === 'ldabs') ? [7, 8, 9] : [6, 7, 8, 9];
  const name = (r: number): number => (from.includes(r) ? from[(from.indexOf(r) + 1) % from.length]! : r);
  const insns = p.insns.map((i) => {
    const kind = specOf(i)?.kind;
    return { ...i, dst: name(i.dst), src: kind === 'call' || kind === 'ldimm64' ? i.src : name(i.src) };
  });
  return { ...p, insns };
}

const names = process.argv.slice(2);
const stages = new Map<string, number[]>();
const verifier = await createWindowVerifier();
for (const name of names.length > 0 ? names : paperNames) {
  const program = paperProgram(name);
  if (names.length === 0 && program.insns.length > SMALL) continue;
  const rng = new Rng(1, 'bench', name);
  for (const run of straightRuns(program))
    for (let start = run.start; start < run.end; start++)
      for (let n = 0; n < CHANGES; n++) {
        const window = { start, end: Math.min(run.end, start + LENGTH) };
        const candidate = change(program.insns.slice(window.start, window.end), rng);
        const before = new Map(Object.entries(verifier.stats).map(([k, s]) => [k, s.checks]));
        const { ms } = verifier.check(program, window, candidate);
        const stage = Object.entries(verifier.stats).find(([k, s]) => s.checks !== (before.get(k) ?? 0))?.[0];
        if (stage === undefined) continue;
        const list = stages.get(stage);
        if (list === undefined) stages.set(stage, [ms]);
        else list.push(ms);
      }
  const whole = await createWindowVerifier();
  const { kind, ms } = whole.checkPrograms(program, renamed(program));
  console.log(
    JSON.stringify({
      program: name,
      insns: program.insns.length,
      wholeProgram: kind,
      ms: Number(ms.toFixed(1)),
    }),
  );
  whole.close();
}
for (const [stage, list] of stages)
  console.log(
    JSON.stringify({
      stage,
      checks: list.length,
      medianMs: quantile(list, 0.5),
      p95Ms: quantile(list, 0.95),
    }),
  );
console.log(JSON.stringify({ cache: verifier.cache.stats }));
verifier.close();
