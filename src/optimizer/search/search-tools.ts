/** What the search of a program's windows needs, from the program and the options. */
import type { Program } from '../../program/program.ts';
import { settingsOf } from '../../search/chain/settings.ts';
import { findingsOf, type GateOracles, gateChecksOf, targetOf } from '../acceptance/checks.ts';
import type { Refusal } from '../acceptance/gate.ts';
import type { TestBench } from '../states/test-bench.ts';
import type { OptimizeOptions } from '../types.ts';
import type { SearchTools } from './window-search.ts';

export function searchTools(
  original: Program,
  options: OptimizeOptions,
  bench: TestBench,
  oracles: GateOracles,
  stop: () => boolean,
): SearchTools & {
  safety(candidate: Program): string | undefined;
  objection(candidate: Program): Refusal | undefined;
} {
  const target = targetOf(original, options);
  const findings = findingsOf(original, target);
  const safety = (candidate: Program): string | undefined => findings(candidate)[0]?.reason;
  const { goal } = options;
  return {
    contextOf: oracles.contextOf,
    liveBefore: oracles.liveBefore,
    transcript: oracles.transcript,
    forget: oracles.forget,
    bench,
    ...gateChecksOf(
      original,
      goal,
      bench,
      { safety, verify: oracles.verify, kernel: oracles.kernel, verdictOf: oracles.verdictOf },
      findings,
    ),
    settings: settingsOf(options),
    target,
    goal,
    stop,
    safety,
  };
}
