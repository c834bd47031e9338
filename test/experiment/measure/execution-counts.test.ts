/** Executions per instruction: with the prices they give the latency that the optimizer models. */
import { describe, expect, it } from 'vitest';
import { entryOf, loadEntry, openCorpus } from '../../../src/experiment/corpus/corpus.ts';
import { completeOptions } from '../../../src/experiment/definition/options.ts';
import { executedOf } from '../../../src/experiment/measure/execution-counts.ts';
import { optimizeProgram } from '../../../src/optimizer/index.ts';
import { priceOf } from '../../../src/vm/latency/latency.ts';

describe('executedOf', () => {
  it.each(['xdp_proto_count', 'tp_sys_enter_open', 'sock_tcp_port'])(
    'of %s adds up to the modeled latency',
    async (id) => {
      const corpus = openCorpus('builtin');
      const loaded = loadEntry(corpus, entryOf(corpus, id), 'clang-14-O2');
      if (loaded.status !== 'ok') throw new Error(loaded.reason);
      const { program } = loaded;
      const options = completeOptions({ steps: 2000, kernel: 'off', diffRuns: 0 }, 7);
      const result = await optimizeProgram(program, options);
      const executed = executedOf(program, result.program, options);
      const sum = (p: typeof program, runs: readonly number[]): number =>
        p.insns.reduce((s, i, k) => s + priceOf(i) * runs[k]!, 0);
      expect(executed.before).toHaveLength(program.insns.length);
      expect(sum(program, executed.before)).toBeCloseTo(result.latencyBefore.path, 4);
      expect(sum(result.program, executed.after)).toBeCloseTo(result.latencyAfter.path, 4);
    },
  );
});
