/** A thread that searches windows, one at a time. Started by search-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { contextProvider, createWindowVerifier } from '../../verify/index.ts';
import { oraclesOf } from '../acceptance/checks.ts';
import { type LoadVerdicts, openLoadVerdicts } from '../acceptance/kernel-check.ts';
import { TestBench } from '../states/test-bench.ts';
import type { SearchRequest, SearchResponse, SearchSetup } from './search-pool.ts';
import { searchTools } from './search-tools.ts';
import { type SearchTools, searchWindow, type WindowTask } from './window-search.ts';

const cancel = new Int32Array(workerData as SharedArrayBuffer);
/** One for each memory model: what was proven under one says nothing about the other. */
const verifiers = {
  strict: await createWindowVerifier({ contextOf: contextProvider(), memoryModel: 'strict' }),
  plain: await createWindowVerifier({ contextOf: contextProvider(), memoryModel: 'plain' }),
};
let loadVerdicts: LoadVerdicts | undefined;
let tools: SearchTools | undefined;
let known: Pick<WindowTask, 'program' | 'objected'> | undefined;

function start({ original, options }: SearchSetup): SearchTools {
  loadVerdicts?.session?.close();
  loadVerdicts = openLoadVerdicts(original, options.kernel);
  const oracles = oraclesOf(verifiers[options.memoryModel], loadVerdicts);
  const stop = (): boolean => Atomics.load(cancel, 0) !== 0;
  return searchTools(original, options, new TestBench(original, options), oracles, stop);
}

function answer({ setup, ...request }: SearchRequest): SearchResponse {
  try {
    if (setup !== undefined) {
      tools = start(setup);
      known = { program: setup.original, objected: new Set() };
    }
    if (tools === undefined || known === undefined) throw new Error('a task came before its program');
    const task = { ...known, ...request };
    known = { program: task.program, objected: task.objected };
    return { kind: 'result', result: searchWindow(task, tools) };
  } catch (e) {
    const { message, stack = message } = e instanceof Error ? e : new Error(String(e));
    return { kind: 'bug', message, stack };
  }
}

parentPort?.on('message', (request: SearchRequest) => parentPort?.postMessage(answer(request)));
