/** The running kernel as stopwatch of an experiment. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDefinition } from '../../../src/experiment/definition/definition.ts';
import { TimeSchema } from '../../../src/experiment/definition/measures.ts';
import { measureTime } from '../../../src/experiment/measure/kernel-time.ts';
import { probeKernel } from '../../../src/kernel/syscall/doctor.ts';
import { K2_PROFILES } from '../../../src/vm/index.ts';
import { program } from '../helpers.ts';

const probe = probeKernel();
const why = probe.available ? '' : ` (SKIPPED, no kernel here: ${probe.reason})`;

const options = TimeSchema.parse({ tests: 2, rounds: 4, samples: 3 });
const chain = (n: number): string => `r0 = 3\n${'r0 *= 5\n'.repeat(n)}r0 &= 1\nexit\n`;

it('kernel-time.yaml times what it makes, for both goals', () => {
  const file = join(import.meta.dirname, '../../../experiments/kernel-time.yaml');
  const d = parseDefinition(readFileSync(file, 'utf8'), file);
  expect(d.measure?.time).toMatchObject({ tests: 16, samples: 6 });
  expect(d.configurations.map((c) => c.options.goal)).toEqual(['size', 'latency']);
});

it('what cannot be timed says why', () => {
  const p = program('r0 = 0\nexit', 'lirc_mode2');
  expect(measureTime(p, p, options, () => undefined)).toEqual({
    status: 'cannot time',
    reason: expect.stringMatching(/lirc_mode2|no kernel|bpf/),
  });
});

describe.skipIf(!probe.available)(`in the running kernel${why}`, () => {
  it('a shorter chain is faster, and the model says so; a program against itself is nothing to tell', () => {
    const prices = (): typeof K2_PROFILES.d6515 => K2_PROFILES.d6515;
    const t = measureTime(program(chain(600)), program(chain(60)), options, prices);
    if (t.status !== 'timed') throw new Error(t.reason);
    expect(t).toMatchObject({ verdict: 'faster', as: 'xdp', rounds: 4 });
    expect(t.ratio).toBeLessThan(0.6);
    expect(t.modeled.k2).toBeLessThan(0.6);
    expect(t.modeled.machine).toBe(t.modeled.k2);
    const same = measureTime(program(chain(200)), program(chain(200)), options, () => undefined);
    expect(same).toMatchObject({ verdict: 'cannot tell', modeled: { k2: 1 } });
  });
});
