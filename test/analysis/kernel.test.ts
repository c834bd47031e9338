/** The kernel is the judge: mutants of the paper's programs, our verdict beside its verdict. */
import { describe, expect, it } from 'vitest';
import { checkSafety } from '../../src/analysis/safety.ts';
import { type Insn, nop } from '../../src/isa/insn.ts';
import { specOf } from '../../src/isa/semantics.ts';
import { KernelSession } from '../../src/kernel/load.ts';
import { hasPaperPrograms, paperPrograms } from './programs.ts';

/** Numerical Recipes' generator: the same mutants on every machine. */
function generator(seed: number): (n: number) => number {
  let x = seed;
  return (n) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * n);
  };
}

function mutate(i: Insn, pick: (n: number) => number): Insn {
  const kind = specOf(i)!.kind;
  switch (pick(5)) {
    case 0:
      return nop();
    case 1:
      return { ...i, dst: pick(10) };
    case 2:
      return kind === 'load' || kind === 'atomic' ? { ...i, src: pick(11) } : i;
    case 3:
      return kind === 'load' || kind === 'store' ? { ...i, off: i.off + [-8, -4, -1, 1, 4, 8][pick(6)]! } : i;
    default:
      return kind === 'alu' || kind === 'store'
        ? { ...i, imm: i.imm === 0 ? 0 : [1, -1, 4, 16][pick(4)]! }
        : i;
  }
}

const programs = paperPrograms().filter((p) => p.program.insns.length < 200);
const opened = programs[0] === undefined ? undefined : KernelSession.open(programs[0].program);
const usable = opened?.ok === true && opened.session.original.status === 'accepted';
if (opened?.ok) opened.session.close();

describe.skipIf(!hasPaperPrograms || !usable)(
  'mutants (skipped without a kernel that checks, or the shared corpus)',
  () => {
    it('what we call safe, the kernel accepts; what it accepts, we rarely refuse', () => {
      const count = { safe: 0, missed: 0, accepted: 0, alarms: 0 };
      for (const [n, { program }] of programs.entries()) {
        const session = KernelSession.open(program);
        if (!session.ok) continue;
        const pick = generator(n + 1);
        for (let k = 0; k < 40; k++) {
          const insns = program.insns.slice();
          const at = pick(insns.length);
          insns[at] = mutate(insns[at]!, pick);
          const ours = checkSafety({ ...program, insns }, { uninitStack: true }).length === 0;
          const theirs = session.session.check(insns);
          if (theirs.status === 'not checked') continue;
          const accepted = theirs.status === 'accepted';
          if (ours) count.safe++;
          if (accepted) count.accepted++;
          if (ours && !accepted) count.missed++;
          if (!ours && accepted) count.alarms++;
        }
        session.session.close();
      }
      expect(count.safe).toBeGreaterThan(100);
      expect(count.missed).toBe(0);
      expect(count.alarms / count.accepted).toBeLessThan(0.02);
    });
  },
);
