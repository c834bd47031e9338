/** Cells through a real Redis server, run by the compiled worker. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDefinition } from '../../../src/experiment/definition/definition.ts';
import type { Row } from '../../../src/experiment/results/result.ts';
import { readRows } from '../../../src/experiment/results/store.ts';
import { type RunOptions, type RunSummary, runExperiment } from '../../../src/experiment/run/runner.ts';
import { FAKE } from '../../cli/k2.ts';
import { canQueue, redisServer, startWorker, WHY } from './server.ts';

const root = mkdtempSync(join(tmpdir(), 'k2q-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let url = '';
let results = '';
let env: Record<string, string> = {};
let count = 0;

/** Cells of different tests must not be the same job. */
function definition(options: string, seed: number) {
  return parseDefinition(
    `name: t
title: T
programs: [{ corpus: builtin, ids: [xdp_proto_count, xdp_swap_tx, xdp_policer] }]
configurations: [{ name: default, options: { ${options} } }]
seeds: [${seed}]
`,
    't.yaml',
  );
}
const run = (d: ReturnType<typeof definition>, o: Partial<RunOptions> = {}): Promise<RunSummary> =>
  runExperiment(d, { results, workers: 1, queue: url, ...o });
const log = (): string[] =>
  existsSync(env.FAKE_LOG!) ? readFileSync(env.FAKE_LOG!, 'utf8').trim().split('\n') : [];
const STUCK = 672;
const SLOW = 670;

/** What does not depend on where and when. */
function essence(rows: readonly Row[]): unknown[] {
  return rows
    .map(({ date: _d, seconds: _s, cpuSeconds: _c, provenance: _p, ...rest }) =>
      JSON.parse(JSON.stringify(rest)),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

describe.skipIf(!canQueue)(`k2 run --queue${WHY}`, () => {
  beforeAll(async () => {
    url = await redisServer(root);
  });
  beforeEach(() => {
    results = join(root, String(count++));
    mkdirSync(results);
    env = { FAKE_LOG: join(results, 'log'), FAKE_FLAG: join(results, 'flag') };
  });

  it('gives the rows of a local run, up to provenance and time', async () => {
    const d = definition('steps: 3000, kernel: "off"', 1);
    const worker = await startWorker(url, env, []);
    const remote = await run(d);
    worker.child.kill('SIGINT');
    expect(await worker.ended).toBe(130);
    const local = await runExperiment(d, { results: join(results, 'local'), workers: 1 });
    expect(remote.rows.map((r) => r.status)).not.toContain('failed');
    expect(essence(readRows(remote.folder).rows)).toEqual(essence(readRows(local.folder).rows));
    expect(remote.rows[0]?.provenance).toEqual(local.rows[0]?.provenance);
  });

  it('runs the cells of a killed worker again', async () => {
    const running = run(definition(`steps: ${STUCK}`, 2));
    const first = await startWorker(url, env);
    while (log().length < 1) await sleep(20);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await startWorker(url, env);
    const { rows, missing } = await running;
    second.child.kill('SIGINT');
    expect(rows.map((r) => [r.program.id, r.status])).toEqual([
      ['xdp_proto_count', 'ok'],
      ['xdp_swap_tx', 'ok'],
      ['xdp_policer', 'ok'],
    ]);
    expect(missing).toBe(0);
    expect(log()).toHaveLength(4);
  });

  it('gives running cells back when a worker is interrupted', async () => {
    const running = run(definition(`steps: ${STUCK}`, 3));
    const first = await startWorker(url, env, ['--optimizer', FAKE, '--lost-after', '600']);
    while (log().length < 1) await sleep(20);
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(130);
    const second = await startWorker(url, env);
    expect((await running).rows.map((r) => r.status)).toEqual(['ok', 'ok', 'ok']);
    second.child.kill('SIGINT');
  });

  it('goes on after Ctrl-C with what workers finished meanwhile, and repeats nothing', async () => {
    const d = definition(`steps: ${SLOW}`, 4);
    const limited = { ...d, budget: { ...d.budget, cellSeconds: 0.5 } };
    const abort = new AbortController();
    const worker = await startWorker(url, env);
    const first = await run(limited, {
      signal: abort.signal,
      events: { done: () => abort.abort() },
    });
    expect(first).toMatchObject({ interrupted: true, missing: 2 });
    const second = await run(limited);
    worker.child.kill('SIGINT');
    expect(second.missing).toBe(0);
    expect(log()).toHaveLength(3);
    expect(readRows(second.folder).rows).toHaveLength(3);
  });

  it('says that nobody works', async () => {
    const abort = new AbortController();
    const notes: string[] = [];
    const note = (text: string): void => {
      notes.push(text);
      abort.abort();
    };
    const ended = await run(definition('steps: 1', 5), { signal: abort.signal, events: { note } });
    expect(ended).toMatchObject({ interrupted: true, missing: 3 });
    expect(notes.join()).toMatch(/^no worker of k2 0\.1\.0\+\w+ takes these cells yet; .*k2 worker --queue/);
  });

  it('makes a row of a cell that fails, as everywhere', async () => {
    const worker = await startWorker(url, env);
    const { rows } = await run(definition('steps: 666', 6));
    worker.child.kill('SIGINT');
    expect(rows.map((r) => r.reason)).toEqual(Array(3).fill('crash: the worker died of SIGSEGV'));
  });

  it('needs no worker where nothing is to do', async () => {
    const d = definition('steps: 1', 7);
    await runExperiment(d, { results, workers: 1, optimizer: pathToFileURL(FAKE).href });
    expect((await run(d, { queue: 'redis://127.0.0.1:1' })).missing).toBe(0);
  });
});
