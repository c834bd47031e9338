/**
 * Asks the verifier about small random changes of random windows, calls and branches included, and runs on
 * fresh tests whatever it calls equivalent:
 *
 *   node .../windows.js PART [variants=a,b seed= trials= tests=]      PART: builtin, paper, rich
 *
 * One JSON line per program; `found` lists changes that were called equivalent and are not, and crashes.
 */
import { examine } from '../../src/analysis/safety.ts';
import { Rng } from '../../src/base/random.ts';
import { loadEntry, openCorpus } from '../../src/experiment/corpus/corpus.ts';
import { formatInsn } from '../../src/isa/disasm.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { changed } from '../../src/kernel/differential/mutants.ts';
import { replaceProblem, replaceRange } from '../../src/program/edit.ts';
import type { Program } from '../../src/program/program.ts';
import { createWindowVerifier } from '../../src/verify/index.ts';
import { createMachine } from '../../src/vm/machine/machine.ts';
import { observer } from '../../src/vm/observe.ts';
import { deepTests, generateTests } from '../../src/vm/testgen/index.ts';
import { richProgram } from './generate.ts';

const [part = 'rich', ...settings] = process.argv.slice(2);
const given = new Map(settings.map((s) => s.split('=') as [string, string]));
const number = (name: string, otherwise: number): number => Number(given.get(name) ?? otherwise);
const seed = number('seed', 1);
const trials = number('trials', 400);
const LONGEST = 14;
/** Rules of safety: the optimizer's default. */
const LINUX = 504;

function* subjects(): Generator<{ id: string; program: Program }> {
  if (part === 'rich') {
    for (let n = 0; n < number('count', 100); n++)
      yield { id: `rich/${n}`, program: richProgram(new Rng(seed, 'windows', n), 30).program };
    return;
  }
  const c = openCorpus(part === 'paper' ? 'k2-paper' : part);
  for (const variant of (given.get('variants') ?? c.manifest.baseline).split(','))
    for (const entry of c.manifest.programs) {
      const loaded = loadEntry(c, entry, variant);
      if (loaded.status === 'ok') yield { id: `${entry.id}/${variant}`, program: loaded.program };
    }
}

/** Dropped, doubled, swapped, moved or changed instructions. */
function change(rng: Rng, window: readonly Insn[]): Insn[] {
  const out = [...window];
  for (let n = 1 + rng.below(2); n > 0 && out.length > 0; n--) {
    const at = rng.below(out.length);
    const i = out[at]!;
    const kind = rng.below(6);
    if (kind < 2) out.splice(at, 1);
    else if (kind === 2) out.splice(rng.below(out.length), 0, out.splice(at, 1)[0]!);
    else if (kind === 3) out.splice(rng.below(out.length + 1), 0, changed(rng, rng.pick(window)));
    else out[at] = changed(rng, i);
  }
  return out;
}

const verifier = await createWindowVerifier();
for (const { id, program } of subjects()) {
  const rng = new Rng(seed, 'windows', id);
  const deep = deepTests(program, seed, observer(program));
  const machine = createMachine(program);
  machine.setTests([
    ...generateTests(program, { seed, count: 100 }),
    ...Array.from({ length: number('tests', 200) }, () => deep.next().value),
  ]);
  machine.setSource(program.insns);
  const known = new Set(examine(program, { linux: LINUX }).findings.map((x) => x.reason));
  const row = { id, asked: 0, equivalent: 0, found: [] as unknown[] };
  for (let n = 0; n < trials; n++) {
    const f = rng.pick(program.functions);
    const start = f.start + rng.below(f.end - f.start);
    const end = Math.min(f.end, start + 1 + rng.below(LONGEST));
    const source = program.insns.slice(start, end);
    const target = change(rng, source);
    if (replaceProblem(program, start, end, target) !== undefined) continue;
    row.asked++;
    const shown = {
      start,
      end,
      after: target.map((i) => formatInsn(i)),
      before: source.map((i) => formatInsn(i)),
    };
    try {
      const verdict = verifier.check(program, { start, end }, target);
      if (verdict.kind !== 'equivalent') continue;
      row.equivalent++;
      const result = replaceRange(program, start, end, target);
      machine.setCandidate(result.insns);
      const { failed } = machine.evaluate();
      if (failed === 0) continue;
      // Equivalence says nothing of safety, which others judge.
      const safe = examine(result, { linux: LINUX }).findings.every((x) => known.has(x.reason));
      if (safe) row.found.push({ ...shown, how: verdict.how, failed });
    } catch (e) {
      row.found.push({ ...shown, crash: e instanceof Error ? e.stack : String(e) });
    }
  }
  process.stdout.write(`${JSON.stringify(row)}\n`);
}
verifier.close();
