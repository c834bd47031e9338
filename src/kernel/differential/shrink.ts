/**
 * Shrinks a scenario while it still fails, so that a person can read it. Greedy and bounded: a few hundred
 * trials.
 */
import type { TestCase } from '../../vm/types.ts';
import type { Scenario } from '../run/observe.ts';

const MAX_TRIALS = 600;

/** @param fails whether a scenario still shows the difference */
export function minimise(scenario: Scenario, fails: (s: Scenario) => boolean): Scenario {
  let best = scenario;
  let trials = 0;
  const attempt = (s: Scenario): boolean => {
    if (trials++ >= MAX_TRIALS || !fails(s)) return false;
    best = s;
    return true;
  };
  const withTest = (change: Partial<TestCase>): Scenario => ({ ...best, test: { ...best.test, ...change } });

  if (best.before.length > 0 && !attempt({ ...best, before: [] }))
    for (let i = best.before.length - 1; i >= 0; i--)
      attempt({ ...best, before: best.before.filter((_, k) => k !== i) });
  if (best.before.length === 0) {
    for (const [m] of best.test.maps.entries()) {
      const without = (keep: (k: number) => boolean) =>
        withTest({ maps: best.test.maps.map((c, i) => (i === m ? c.filter((_, k) => keep(k)) : c)) });
      if ((best.test.maps[m]?.length ?? 0) === 0 || attempt(without(() => false))) continue;
      for (let k = (best.test.maps[m]?.length ?? 0) - 1; k >= 0; k--) attempt(without((i) => i !== k));
    }
  }
  for (let n = best.test.packet.length >> 1; n >= 1; n >>= 1)
    while (best.test.packet.length > n && attempt(withTest({ packet: best.test.packet.slice(0, -n) })));
  for (const field of ['packet', 'ctx'] as const)
    for (let n = best.test[field].length; n >= 1; n = Math.floor(n / 4))
      for (let at = 0; at < best.test[field].length; at += n) {
        const chunk = best.test[field].subarray(at, at + n);
        if (chunk.every((b) => b === 0)) continue;
        const zeroed = best.test[field].slice();
        zeroed.fill(0, at, at + n);
        attempt(withTest({ [field]: zeroed }));
      }
  return best;
}
