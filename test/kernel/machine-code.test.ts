/**
 * The model of machine code against the running kernel: every measured context access again, and whole
 * corpora.
 */
import { expect, test } from 'vitest';
import { loadEntry, openCorpus } from '../../src/experiment/corpus/corpus.ts';
import { type Insn, insn, OP_EXIT } from '../../src/isa/insn.ts';
import type { OpName } from '../../src/isa/opspec.ts';
import { opcode } from '../../src/isa/semantics.ts';
import { accepts } from '../../src/kernel/index.ts';
import { probeKernel } from '../../src/kernel/syscall/doctor.ts';
import type { Program } from '../../src/program/program.ts';
import { HOOKS } from '../../src/program/tables/hooks.ts';
import { measuredAccesses } from '../../src/vm/machine-code/context-bytes.ts';
import { modeledMachineCode } from '../../src/vm/machine-code/index.ts';
import { xdpProgram } from './corpus.ts';

const probe = probeKernel();
const isMeasured = probe.available && probe.release.startsWith('6.18.');
const why = isMeasured ? '' : ' (SKIPPED, the figures are of Linux 6.18)';

const jited = (p: Program): number | undefined => {
  const said = accepts(p);
  return said.status === 'accepted' ? said.jited : undefined;
};
const LETTER: Readonly<Record<string, string>> = { 1: 'b', 2: 'h', 4: 'w', 8: 'dw' };

test.skipIf(!isMeasured)(`context accesses cost what the table says${why}`, () => {
  let compared = 0;
  for (const hook of Object.values(HOOKS)) {
    const [r0] = hook.returnRange ?? [0];
    const mov = insn(opcode('mov64.k'), 0, 0, 0, r0);
    const program = (insns: Insn[]): Program => ({ ...xdpProgram(insns), hook: hook.name });
    const empty = jited(program([mov, insn(OP_EXIT)]));
    if (empty === undefined) continue;
    for (const [access, bytes] of measuredAccesses(hook.name)) {
      const [, direction, size, offset] = /^([rw])(\d):(\d+)$/.exec(access)!;
      const letter = LETTER[size!];
      const code =
        direction === 'r'
          ? [insn(opcode(`ldx.${letter}` as OpName), 2, 1, Number(offset))]
          : [insn(opcode('mov64.k'), 2), insn(opcode(`stx.${letter}` as OpName), 1, 2, Number(offset))];
      // Some accesses are only permitted to programs of other attach types.
      const found = jited(program([...code, mov, insn(OP_EXIT)]));
      if (found === undefined) continue;
      expect(found - empty - (direction === 'w' ? 2 : 0), `${hook.name} ${access}`).toBe(bytes);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(900);
});

test.skipIf(!isMeasured)(`machine code of the builtin programs, to 2 percent${why}`, () => {
  const corpus = openCorpus('builtin');
  const ratios: number[] = [];
  const sums = [0, 0];
  for (const entry of corpus.manifest.programs) {
    const loaded = loadEntry(corpus, entry, corpus.manifest.baseline);
    const measured = loaded.status === 'ok' ? jited(loaded.program) : undefined;
    if (loaded.status !== 'ok' || measured === undefined) continue;
    const modeled = modeledMachineCode(loaded.program);
    ratios.push(modeled / measured);
    sums[0]! += modeled;
    sums[1]! += measured;
  }
  expect(ratios.length).toBeGreaterThan(50);
  expect(Math.abs(sums[0]! / sums[1]! - 1)).toBeLessThan(0.005);
  expect(ratios.filter((r) => Math.abs(r - 1) <= 0.02).length / ratios.length).toBeGreaterThan(0.95);
  expect(ratios.filter((r) => r === 1).length / ratios.length).toBeGreaterThan(0.6);
});
