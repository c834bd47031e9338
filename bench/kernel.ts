/**
 * The running kernel as oracle: loads and differential runs per second, beside the figures that were measured
 * with bare system calls.
 */

import { loadEntry, openCorpus } from '../src/experiment/corpus/corpus.ts';
import { sizeInSlots } from '../src/isa/insn.ts';
import { KernelSession, kernelDiff, kernelTests } from '../src/kernel/index.ts';
import { encodeWithMaps } from '../src/kernel/syscall/programs.ts';

/**
 * Microseconds per accepted load with bare system calls on the same kind of machine (Linux 6.18, two virtual
 * CPUs).
 */
const BARE: Readonly<Record<string, number>> = {
  xdp1: 155,
  xdp2: 243,
  xdp_fwd: 182,
  xdp_router_ipv4: 253,
  'xdp-balancer': 24_000,
};
/** Programs of 18 to 43 slots: 16 to 37 thousand loads a second. */
const SMALL = { slots: 43, us: [27, 62] } as const;

const BATCHES = 10;

/** Microseconds per call: of the batch that was disturbed least. */
function fastest(calls: number, body: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let b = 0; b < BATCHES; b++) {
    const start = performance.now();
    for (let k = 0; k < calls; k++) body();
    best = Math.min(best, ((performance.now() - start) / calls) * 1000);
  }
  return best;
}

const wanted = process.argv.slice(2);
const corpus = openCorpus('k2-paper');
for (const entry of corpus.manifest.programs) {
  if (wanted.length > 0 && !wanted.includes(entry.id)) continue;
  const loaded = loadEntry(corpus, entry, corpus.manifest.baseline);
  if (loaded.status !== 'ok') continue;
  const { program } = loaded;
  const opened = KernelSession.open(program);
  if (!opened.ok) throw new Error(opened.reason);
  const { session } = opened;
  const calls = program.insns.length > 1000 ? 3 : 60;
  const loadUs = fastest(calls, () => session.check(program.insns));
  // All that a load costs before and after the system calls.
  const ownUs = fastest(calls, () =>
    encodeWithMaps(
      program.insns,
      program.maps.map((_, i) => i),
    ),
  );
  session.close();
  const runs = 2000;
  const start = process.cpuUsage();
  const diff = kernelDiff(program, program, kernelTests(program, 1), { limit: runs, sequence: 8 });
  const { user, system } = process.cpuUsage(start);
  const slots = sizeInSlots(program.insns);
  console.log(
    JSON.stringify({
      program: entry.id,
      loadUs: Math.round(loadUs),
      loadsPerSecond: Math.round(1e6 / loadUs),
      encodeUs: Math.round(ownUs * 10) / 10,
      bareUs: BARE[entry.id] ?? (slots <= SMALL.slots ? SMALL.us : null),
      diffCpuUsPerRun: diff.status === 'ran' ? Math.round((user + system) / diff.runs) : diff.reason,
    }),
  );
}
