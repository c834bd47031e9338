/** Versions that nobody asked the kernel about, asked afterwards. */
import { describe, expect, it } from 'vitest';
import { measureLoadVerdicts } from '../../../src/experiment/measure/load-verdict.ts';
import { probeKernel } from '../../../src/kernel/syscall/doctor.ts';
import { program } from '../helpers.ts';

const probe = probeKernel();
const why = probe.available ? '' : ` (SKIPPED, no kernel here: ${probe.reason})`;

describe.skipIf(!probe.available)(`in the running kernel${why}`, () => {
  it('each version: accepted and the same, accepted and different, refused', () => {
    const original = program('r1 = 1\nr0 = 2\nexit');
    const versions = ['r0 = 2\nexit', 'r0 = 1\nexit', 'r0 = r5\nexit'].map((text) => program(text));
    expect(measureLoadVerdicts(original, versions, { runs: 20, seed: 1 })).toEqual([
      { kernel: 'accepted', runs: 20, agreed: 20 },
      { kernel: 'accepted', runs: 1, agreed: 0, differs: ['r0'] },
      { kernel: 'refused', reason: 'R5 !read_ok', runs: 0, agreed: 0 },
    ]);
  });
});
