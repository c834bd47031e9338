/**
 * Differential runs against ourselves: a program in the kernel against a model of it, our interpreter, on the
 * same inputs.
 *
 *   tests --as the kernel can play them, with the map entries it admitted--> kernel and model --> places that
 *     differ
 */
import { OP_CALL, PseudoCall } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import { type Effect, helperById } from '../../program/tables/helpers.ts';
import { createMachine } from '../../vm/machine/machine.ts';
import type { Outcome, TestCase } from '../../vm/types.ts';
import { visibleContext } from '../run/inputs.ts';
import { differingPlaces, type Observation, observe, places, type Scenario } from '../run/observe.ts';
import { KernelRunner, onOneCpu } from '../run/run.ts';
import { kernelMapDef } from '../syscall/maps.ts';
import { type DiffResult, examine, type Observer, Tally } from './diff.ts';

/** Whatever computes what the kernel would: one outcome per test, each from its own start. */
export interface ReferenceModel {
  run(tests: readonly TestCase[]): readonly Outcome[];
}

/**
 * The program with its maps as large as the kernel runs them: models and tests must be made from this one.
 */
export function asRun(program: Program): Program {
  const maps = program.maps.map((m) => ({ ...m, maxEntries: kernelMapDef(m, 'run').maxEntries }));
  return { ...program, maps };
}

/** Effects whose result a model cannot know: it depends on this machine, its network and its clock. */
const OF_THE_MACHINE: readonly Effect[] = [
  'random',
  'time',
  'runConstant',
  'kernelRead',
  'kernelState',
  'acquire',
];

/**
 * Names of the helpers a program calls whose results a model can only guess: a difference may be due to them.
 */
export function guessedHelpers(program: Program): string[] {
  const names = program.insns
    .filter((i) => i.op === OP_CALL && i.src === PseudoCall.HELPER)
    .map((i) => helperById(i.imm))
    .filter((h) => h === undefined || !h.known || h.effects.some((e) => OF_THE_MACHINE.includes(e)))
    .map((h) => h?.name ?? 'unknown');
  // Which map is where in a map of maps is in the object, not in a test.
  if (program.maps.some((m) => m.values !== undefined)) names.push('what maps of maps hold');
  return [...new Set(names)];
}

/** Our interpreter as a model of a program. */
export function machineModel(program: Program): ReferenceModel {
  const machine = createMachine(asRun(program));
  return {
    run(tests) {
      machine.setTests(tests);
      return machine.runAll(program.insns);
    },
  };
}

/**
 * The third opinion on a difference of two programs: does our interpreter say of one of them what the kernel
 * says? Nothing is known when other tests ran before on the same maps.
 */
export function interpreterSays(program: Program, scenario: Scenario): 'agree' | 'differ' | 'unknown' {
  if (scenario.before.length > 0) return 'unknown';
  const result = vmDiff(program, machineModel(program), [scenario.test]);
  if (result.status !== 'ran' || result.runs === 0) return 'unknown';
  return result.difference === undefined ? 'agree' : 'differ';
}

/** Tests that are given to the model at once. */
const CHUNK = 64;

/**
 * Runs `tests` in the kernel and in the model; stops at the first difference that lasts. Maps whose entries
 * are kernel objects are not compared; places that vary in the kernel from run to run are masked and
 * reported.
 */
export function vmDiff(program: Program, model: ReferenceModel, tests: Iterable<TestCase>): DiffResult {
  return onOneCpu(() => {
    const opened = KernelRunner.open(program);
    if (!opened.ok) return { status: 'cannot run', reason: opened.reason };
    try {
      return compareModel(opened.runner, model, tests);
    } finally {
      opened.runner.close();
    }
  });
}

function* chunks<T>(items: Iterable<T>): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** The test as it really starts in the kernel: its packet and context, and the map entries that it took. */
function admitted(runner: KernelRunner, test: TestCase): TestCase {
  runner.maps.fill(test.maps);
  const maps = runner.maps.maps.map((m, i) => m.admitted(test.maps[i] ?? []));
  return { ...runner.playable(test), maps };
}

function compareModel(runner: KernelRunner, model: ReferenceModel, tests: Iterable<TestCase>): DiffResult {
  const tally = new Tally();
  const { program } = runner;
  const context = visibleContext(program.hook, runner.way.runner);
  const shown = (outcome: Outcome): Observation => {
    if (outcome.status === 'fault') return new Map([['fault', `${outcome.fault} at ${outcome.at}`]]);
    const maps = outcome.maps.map((m, i) => (runner.maps.maps[i]?.isVisible ? m : undefined));
    return places(program, context, { ...outcome, maps });
  };
  const inKernel: Observer = (s) => observe(runner, s);
  const inModel: Observer = (s) => ({ ok: true, seen: shown(model.run([admitted(runner, s.test)])[0]!) });
  let index = -1;
  for (const chunk of chunks(tests)) {
    const starts = chunk.map((t) => admitted(runner, t));
    const outcomes = model.run(starts);
    for (const [k, test] of starts.entries()) {
      index++;
      const scenario = { before: [], test };
      const seen = observe(runner, scenario);
      if (!seen.ok) {
        tally.count('skipped', seen.reason);
        continue;
      }
      tally.ran(seen.seen.get('r0') ?? '-', seen.packetChanged);
      if (differingPlaces(seen.seen, shown(outcomes[k]!)).length > 0) {
        const found = examine(scenario, inKernel, inModel, tally);
        if (found !== undefined) return tally.report({ index, ...found });
      }
      tally.agreed++;
    }
  }
  return tally.report();
}
