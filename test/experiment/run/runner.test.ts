/**
 * The runner with a stand-in for the optimizer, in real worker processes (compiled code: `npm test` builds
 * it).
 */
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DIST } from '../../../src/base/paths.ts';
import { entryOf, forgetCorpora, loadEntry, openCorpus } from '../../../src/experiment/corpus/corpus.ts';
import { newCorpus } from '../../../src/experiment/corpus/new-corpus.ts';
import { parseDefinition } from '../../../src/experiment/definition/definition.ts';
import { hasResult } from '../../../src/experiment/results/result.ts';
import { readRows } from '../../../src/experiment/results/store.ts';
import { type RunOptions, runExperiment } from '../../../src/experiment/run/runner.ts';

const root = mkdtempSync(join(tmpdir(), 'k2-runner-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let results = '';
beforeEach(() => {
  results = mkdtempSync(join(root, 'r-'));
  process.env.FAKE_LOG = join(results, 'log');
  process.env.FAKE_FLAG = join(results, 'flag');
});

const optimizer = pathToFileURL(resolve(import.meta.dirname, '../data/fake-optimizer.mjs')).href;

function definition(options = 'steps: 1', extra = '') {
  return parseDefinition(
    `name: t
title: T
programs: [{ corpus: builtin, ids: [xdp_proto_count, xdp_swap_tx, xdp_policer] }]
configurations: [{ name: default, options: { ${options} } }]
${extra}`,
    't.yaml',
  );
}
const run = (d = definition(), o: Partial<RunOptions> = {}) =>
  runExperiment(d, { results, workers: 2, optimizer, ...o });
const log = (): string[] =>
  existsSync(join(results, 'log')) ? readFileSync(join(results, 'log'), 'utf8').trim().split('\n') : [];
const MISBEHAVE = { crash: 666, bug: 667, memory: 668, hang: 669, slow: 670, once: 671 };

describe.skipIf(!existsSync(join(DIST, 'experiment/run/cell-worker.js')))(
  'runExperiment (skipped before npm run build)',
  () => {
    it('runs every cell once, with measurements and provenance, and nothing the second time', async () => {
      const first = await run(definition('steps: 1', 'seeds: [1, 2]'));
      expect(first.rows.map((r) => [r.program.id, r.seed, r.status])).toEqual([
        ['xdp_proto_count', 1, 'ok'],
        ['xdp_proto_count', 2, 'ok'],
        ['xdp_swap_tx', 1, 'ok'],
        ['xdp_swap_tx', 2, 'ok'],
        ['xdp_policer', 1, 'ok'],
        ['xdp_policer', 2, 'ok'],
      ]);
      const [row] = first.rows;
      if (row === undefined || !hasResult(row)) throw new Error('no result');
      expect(row.measurements.slots.before).toMatchObject({ value: 21, unit: 'slots' });
      expect(row.measurements.slots.before.provenance).toContain(row.input);
      expect(row.provenance.code).toMatch(/^0\.1\.0\+[0-9a-f]{12}$/);
      expect(row.disassembly.before[0]).toMatch(/^0: /);
      expect(log()).toHaveLength(6);
      const second = await run(definition('steps: 1', 'seeds: [1, 2]'));
      expect(second.rows).toEqual(first.rows);
      expect(log()).toHaveLength(6);
    });

    it('goes on after an interruption without losing or repeating a cell', async () => {
      const abort = new AbortController();
      const first = await run(definition(), {
        workers: 1,
        signal: abort.signal,
        events: { done: () => abort.abort() },
      });
      expect(first).toMatchObject({ interrupted: true, missing: 2 });
      appendFileSync(join(results, 't/cells.jsonl'), '{"schema":1,"key":"half');
      const second = await run();
      expect(second).toMatchObject({ interrupted: false, missing: 0 });
      expect(second.warnings.join()).toMatch(/line 2: incomplete or damaged JSON; the line is skipped/);
      expect(readRows(join(results, 't')).rows).toHaveLength(3);
    });

    it('kills running cells when interrupted, and leaves no row of them', async () => {
      const abort = new AbortController();
      const running = run(definition(`steps: ${MISBEHAVE.hang}`), { signal: abort.signal });
      setTimeout(() => abort.abort(), 500);
      expect(await running).toMatchObject({ interrupted: true, rows: [], missing: 3 });
    });

    it.each([
      ['crash', /^crash: the worker died of SIGSEGV/],
      ['bug', /^bug: a mistake in the optimizer$/],
      ['memory', /^out of memory/],
      ['hang', /^hung: /],
    ] as const)('a %s is a row with a reason, and the other cells run', async (kind, reason) => {
      const d = parseDefinition(
        `name: t
title: T
programs: [{ corpus: builtin, ids: [xdp_proto_count] }]
configurations:
  - { name: bad, options: { steps: ${MISBEHAVE[kind]} } }
  - { name: good, options: { steps: 1 } }
budget: { cellSeconds: 1, memoryMb: 128 }
`,
        't.yaml',
      );
      const { rows } = await run(d, { workers: 1, grace: kind === 'hang' ? 5 : 60 });
      expect(rows.map((r) => [r.configuration, r.status])).toEqual([
        ['bad', 'failed'],
        ['good', 'ok'],
      ]);
      expect(rows[0]!.reason).toMatch(reason);
    });

    it('runs failed cells again when asked to', async () => {
      const d = definition(`steps: ${MISBEHAVE.once}`);
      // The largest program runs first, and fails.
      expect((await run(d, { workers: 1 })).rows.map((r) => r.status)).toEqual(['ok', 'ok', 'failed']);
      expect((await run(d)).rows.map((r) => r.status)).toEqual(['ok', 'ok', 'failed']);
      expect((await run(d, { retryFailed: true })).rows.map((r) => r.status)).toEqual(['ok', 'ok', 'ok']);
    });

    it('runs what was skipped for want of its file again, once the file is there', async () => {
      const home = process.cwd();
      const shared = process.env.K2_SHARED;
      process.chdir(results);
      process.env.K2_SHARED = join(results, 'nothing');
      forgetCorpora();
      try {
        const d = parseDefinition(
          'name: t\ntitle: T\nprograms: [{ corpus: mine }]\nconfigurations: [{ name: default }]\n',
          't.yaml',
        );
        const builtin = openCorpus('builtin');
        const loaded = loadEntry(builtin, entryOf(builtin, 'xdp_swap_tx'), 'clang-14-O2');
        if (loaded.status !== 'ok') throw new Error(loaded.reason);
        writeFileSync('p.o', loaded.bytes);
        const { folder } = newCorpus('mine', ['p.o']);
        renameSync(join(folder, 'p.o'), 'elsewhere.o');
        expect((await run(d)).rows).toMatchObject([
          { status: 'skipped', reason: expect.stringMatching(/^missing: /) },
        ]);
        expect((await run(d)).rows).toMatchObject([{ status: 'skipped' }]);
        renameSync('elsewhere.o', join(folder, 'p.o'));
        expect((await run(d)).rows).toMatchObject([{ status: 'ok' }]);
        expect(readRows(join(results, 't')).rows).toHaveLength(2);
      } finally {
        process.chdir(home);
        if (shared === undefined) delete process.env.K2_SHARED;
        else process.env.K2_SHARED = shared;
        forgetCorpora();
      }
    });

    it('says when the time limit ended a search', async () => {
      const { rows } = await run(definition(`steps: ${MISBEHAVE.slow}`, 'budget: { cellSeconds: 0.3 }'));
      expect(rows.every((r) => hasResult(r) && r.interrupted && r.reason.includes('time limit'))).toBe(true);
    });

    it('shares cells out: shards are disjoint and complete', async () => {
      const a = await run(definition(), { shard: { index: 1, of: 2 } });
      expect(a.rows.map((r) => r.program.id)).toEqual(['xdp_proto_count', 'xdp_policer']);
      const b = await run(definition(), { shard: { index: 2, of: 2 } });
      expect(b.rows.map((r) => r.program.id)).toEqual(['xdp_swap_tx']);
      expect((await run()).rows).toHaveLength(3);
      expect(log()).toHaveLength(3);
    });

    it('says that a definition changed under its results', async () => {
      await run();
      const { warnings } = await run(definition('steps: 2'));
      expect(warnings.join()).toContain('the definition changed since 3 of its rows were made');
    });

    it('keeps two runs from writing the same results', async () => {
      const slow = run(definition(`steps: ${MISBEHAVE.slow}`, 'budget: { cellSeconds: 1 }'));
      await expect(run()).rejects.toThrow(/another run/);
      await slow;
    });
  },
);
