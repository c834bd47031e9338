/** Versions that nobody asked the kernel about, asked afterwards. */
import { describe, expect, it } from 'vitest';
import { measureConsent } from '../../src/experiment/consent.ts';
import { assemble } from '../../src/isa/asm.ts';
import { probeKernel } from '../../src/kernel/doctor.ts';
import type { Program } from '../../src/program/program.ts';

const probe = probeKernel();
const why = probe.available ? '' : ` (SKIPPED, no kernel here: ${probe.reason})`;

function program(text: string): Program {
  const insns = assemble(text);
  return {
    name: 'p',
    section: '',
    hook: 'xdp',
    license: '',
    insns,
    functions: [{ name: 'p', start: 0, end: insns.length }],
    maps: [],
    origin: insns.map((_, i) => i),
    pinned: new Map(),
    provenance: { file: 'p.o', sha256: 'abc' },
  };
}

describe.skipIf(!probe.available)(`in the running kernel${why}`, () => {
  it('each version: accepted and the same, accepted and different, refused', () => {
    const original = program('r1 = 1\nr0 = 2\nexit');
    const versions = ['r0 = 2\nexit', 'r0 = 1\nexit', 'r0 = r5\nexit'].map(program);
    expect(measureConsent(original, versions, { runs: 20, seed: 1 })).toEqual([
      { kernel: 'accepted', runs: 20, agreed: 20 },
      { kernel: 'accepted', runs: 1, agreed: 0, differs: ['r0'] },
      { kernel: 'refused', reason: 'R5 !read_ok', runs: 0, agreed: 0 },
    ]);
  });
});
