/** What the search of a program's windows needs, from the program and the options. */
import { UserError } from '../../base/errors.ts';
import type { Program } from '../../program/program.ts';
import { type ChainSettings, settingNamed } from '../../search/chain/settings.ts';
import { judgesOf, type Oracles, safetyOf, targetOf } from '../acceptance/checks.ts';
import type { Refusal } from '../acceptance/gate.ts';
import type { Bench } from '../states/test-bench.ts';
import type { OptimizeOptions } from '../types.ts';
import type { SearchTools } from './window-search.ts';

/** @throws UserError when there are no settings of that name */
export function settingsOf(options: Pick<OptimizeOptions, 'settings'>): ChainSettings {
  const settings = settingNamed(options.settings);
  if (settings !== undefined) return settings;
  throw new UserError(
    `no chain settings are named "${options.settings}"`,
    '',
    '`default` and `k2-1` to `k2-5` exist.',
  );
}

export function searchTools(
  original: Program,
  options: OptimizeOptions,
  bench: Bench,
  oracles: Oracles,
  stop: () => boolean,
): SearchTools & {
  safety(candidate: Program): string | undefined;
  objection(candidate: Program): Refusal | undefined;
} {
  const target = targetOf(original, options);
  const safety = safetyOf(original, target);
  const { goal } = options;
  return {
    contextOf: oracles.contextOf,
    forget: oracles.forget,
    bench,
    ...judgesOf(original, goal, bench, { safety, verify: oracles.verify, kernel: oracles.kernel }),
    settings: settingsOf(options),
    target,
    goal,
    stop,
    safety,
  };
}
