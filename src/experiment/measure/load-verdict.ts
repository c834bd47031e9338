/**
 * What the running kernel says of results that were made without asking it: its load verdict, and agreement
 * with the input.
 *
 *   input, versions --load each--> accepted | refused (why) --differential runs of the accepted--> agree |
 *     differ
 */
import { accepts, kernelDiff, kernelTests } from '../../kernel/index.ts';
import type { Program } from '../../program/program.ts';

/** Of one version. `agreed` of `runs`; `differs` names the places where it does something else. */
export interface VersionLoadVerdict {
  kernel: 'accepted' | 'refused' | 'not checked';
  reason?: string;
  runs: number;
  agreed: number;
  differs?: readonly string[];
}

/** Inputs in a row on the same maps. */
const SEQUENCE = 8;

/** @param runs differential runs per version */
export function measureLoadVerdicts(
  original: Program,
  versions: readonly Program[],
  { runs, seed }: { runs: number; seed: number },
): VersionLoadVerdict[] {
  return versions.map((version): VersionLoadVerdict => {
    const verdict = accepts(version);
    if (verdict.status !== 'accepted')
      return { kernel: verdict.status, reason: verdict.reason, runs: 0, agreed: 0 };
    const said = kernelDiff(original, version, kernelTests(original, seed), {
      limit: runs,
      sequence: SEQUENCE,
    });
    if (said.status !== 'ran') return { kernel: 'accepted', reason: said.reason, runs: 0, agreed: 0 };
    const { difference } = said;
    return {
      kernel: 'accepted',
      runs: said.runs,
      agreed: said.agreed,
      ...(difference === undefined ? {} : { differs: Object.keys(difference.places) }),
    };
  });
}
