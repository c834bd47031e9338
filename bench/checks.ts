/**
 * The checks of a whole search, and its result checked again:
 *
 *   program --optimize--> every window check, by what they needed; the smaller program
 *   program, smaller program --> the whole-program proof by a verifier that has seen nothing
 *
 * Milliseconds of CPU time, medians; K2's own figures beside them (the shared folder's facts/rivals.md: K2
 * built -O2, its average per solver query). One JSON line per program, then one for all.
 */
import { completeOptions } from '../src/experiment/definition/options.ts';
import { optimizeProgram } from '../src/optimizer/index.ts';
import { createSolver, type Solver } from '../src/solver/index.ts';
import { createWindowVerifier, type WindowVerifier } from '../src/verify/index.ts';
import { paperProgram } from './paper.ts';

const STEPS = 300_000;
/** Slots of K2's result, and milliseconds of its average solver query where it was measured. */
const K2: Readonly<Record<string, readonly [slots: number, queryMs?: number]>> = {
  xdp_exception: [16, 25],
  xdp_redirect_err: [16, 37],
  xdp_devmap_xmit: [29, 128],
  xdp_cpumap_kthread: [18, 9],
  xdp_cpumap_enqueue: [21, 130],
  sys_enter_open: [20, 29],
  'socket-0': [27, 14],
  'socket-1': [30, 23],
  xdp_router_ipv4: [99],
  xdp_redirect: [35],
  xdp1: [56, 37],
  xdp2: [71],
  xdp_fwd: [128],
  xdp_pktcntr: [19, 45],
  xdp_fw: [65, 14],
  xdp_map_access: [26, 5],
  'from-network': [29, 19],
  recvmsg4: [81, 18],
};

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function quantile(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const v = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  return v === undefined ? null : Number(v.toFixed(2));
}

/** Checks that passed all tests: everything the search asks. */
const times = {
  cached: [] as number[],
  without: [] as number[],
  search: [] as number[],
  solver: [] as number[],
};
type Needed = keyof typeof times;
const wholes: number[] = [];
const names = process.argv.slice(2);
const embedded = await createSolver();
for (const name of names.length > 0 ? names : Object.keys(K2)) {
  const program = paperProgram(name);
  let calls = 0;
  const counting: Solver = {
    name: embedded.name,
    check: (...question) => {
      calls++;
      return embedded.check(...question);
    },
    forget: () => embedded.forget?.(),
    close: () => {},
  };
  const inner = await createWindowVerifier({ solver: counting, memoryModel: 'plain' });
  const verifier: WindowVerifier = {
    memoryModel: inner.memoryModel,
    stats: inner.stats,
    cache: inner.cache,
    checkIn: (...q) => inner.checkIn(...q),
    checkPrograms: (...q) => inner.checkPrograms(...q),
    contextOf: (...q) => inner.contextOf(...q),
    liveBefore: (program, index) => inner.liveBefore(program, index),
    transcript: (...q) => inner.transcript(...q),
    transcriptIn: (...q) => inner.transcriptIn(...q),
    forget: () => inner.forget(),
    close: () => inner.close(),
    check: (...question) => {
      const searched = (): number => inner.stats.search?.checks ?? 0;
      const [asked, hits, found, began] = [calls, inner.cache.stats.hits, searched(), cpuMs()];
      const verdict = inner.check(...question);
      const ms = cpuMs() - began;
      let needed: Needed = 'without';
      if (calls > asked) needed = 'solver';
      else if (searched() > found) needed = 'search';
      else if (inner.cache.stats.hits > hits) needed = 'cached';
      times[needed].push(ms);
      return verdict;
    },
  };
  const options = completeOptions({ steps: STEPS, kernel: 'off' }, 1);
  const result = await optimizeProgram(program, options, {}, verifier);
  inner.close();
  const again = await createWindowVerifier();
  const began = cpuMs();
  const verdict = again.checkPrograms(program, result.program);
  const ms = cpuMs() - began;
  again.close();
  wholes.push(ms);
  const [k2Slots, k2QueryMs] = K2[name] ?? [];
  console.log(
    JSON.stringify({
      program: name,
      slots: result.slotsBefore,
      ours: result.slotsAfter,
      k2: k2Slots,
      wholeProgram: verdict.kind,
      by:
        verdict.kind === 'equivalent'
          ? verdict.how
          : verdict.kind === 'unknown'
            ? verdict.reason
            : verdict.where,
      wholeMs: Number(ms.toFixed(1)),
      k2QueryMs,
    }),
  );
}
const row = (list: readonly number[]) => ({
  checks: list.length,
  medianMs: quantile(list, 0.5),
  p95Ms: quantile(list, 0.95),
});
const theirs = Object.values(K2).flatMap(([, ms]) => ms ?? []);
console.log(
  JSON.stringify({
    windows: {
      fromCache: row(times.cached),
      withoutSolver: row(times.without),
      refutedByLocalSearch: row(times.search),
      withSolver: row(times.solver),
    },
    k2MedianOfQueryAveragesMs: quantile(theirs, 0.5),
    wholePrograms: { checks: wholes.length, medianMs: quantile(wholes, 0.5), maxMs: quantile(wholes, 1) },
  }),
);
