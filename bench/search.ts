/**
 * How fast the search is: proposals per CPU second of one core, everything in (analysis, tests, proofs,
 * judging), and of the chains alone, where nothing is proven; beside K2's iterations per CPU second on such a
 * machine.
 *
 * CPU time, not wall time: the machine may be shared.
 */

import { UserError } from '../src/base/errors.ts';
import { OPTIMIZE_DEFAULTS } from '../src/optimizer/defaults.ts';
import { optimizeProgram } from '../src/optimizer/index.ts';
import { contextProvider, createWindowVerifier, type WindowVerifier } from '../src/verify/index.ts';
import { paperProgram } from './paper.ts';

const TESTS = 64;
const STEPS = 1_000_000;

/**
 * Iterations per CPU second of K2 itself, built -O2, on two shared virtual CPUs (../shared/facts/rivals.md).
 */
const K2: Readonly<Record<string, number>> = {
  xdp1: 16_756,
  xdp_pktcntr: 22_613,
  xdp_map_access: 42_512,
  xdp_fw: 4_827,
  xdp_devmap_xmit: 17_733,
  recvmsg4: 4_582,
};

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The verifier without its proofs. */
function unproven(verifier: WindowVerifier): WindowVerifier {
  return Object.assign(Object.create(verifier) as WindowVerifier, {
    check: () => ({ kind: 'unknown', reason: 'not asked', ms: 0 }) as const,
  });
}

async function bench(name: string): Promise<void> {
  const known = K2[name];
  const program = paperProgram(name);
  const verifier = await createWindowVerifier({ contextOf: contextProvider() });
  const options = { ...OPTIMIZE_DEFAULTS, tests: TESTS, steps: STEPS, kernel: 'off' as const };
  // Compiled code first.
  await optimizeProgram(program, { ...options, steps: STEPS / 5 }, {}, unproven(verifier));
  const rate = async (with_: WindowVerifier): Promise<{ perSecond: number; slots: number }> => {
    const start = cpuSeconds();
    const { stats, slotsAfter } = await optimizeProgram(program, options, {}, with_);
    return { perSecond: Math.round(stats.steps / (cpuSeconds() - start)), slots: slotsAfter };
  };
  const chains = await rate(unproven(verifier));
  const all = await rate(verifier);
  verifier.close();
  const report = {
    program: name,
    tests: TESTS,
    proposals: STEPS,
    chainsPerSecond: chains.perSecond,
    proposalsPerSecond: all.perSecond,
    slots: all.slots,
    ...(known === undefined
      ? {}
      : {
          k2IterationsPerSecond: known,
          times: Number((all.perSecond / known).toFixed(1)),
        }),
  };
  console.log(JSON.stringify(report));
}

try {
  for (const name of process.argv.length > 2 ? process.argv.slice(2) : ['xdp1']) await bench(name);
} catch (e) {
  if (!(e instanceof UserError)) throw e;
  console.error(e.message);
  process.exitCode = 2;
}
