/**
 * Differential runs: two programs on the same inputs in the running kernel. (A program against our
 * interpreter: model.ts.)
 *
 *   tests --play on two identical map sets--> bytes equal? --no--> again, several times, place by place
 *         --minus places that vary by themselves--> a difference, minimised, or a masked place
 *
 * The fast path compares bytes only; everything else happens on the rare mismatch.
 */
import { withCommonMaps } from '../../program/common-maps.ts';
import type { Program } from '../../program/program.ts';
import type { TestCase } from '../../vm/types.ts';
import { visibleContext } from '../run/inputs.ts';
import {
  differingPlaces,
  type Observation,
  observe,
  outputPlaces,
  places,
  type Scenario,
} from '../run/observe.ts';
import { type KernelRun, KernelRunner, onOneCpu } from '../run/run.ts';
import { asksForRoutes, withRoutes } from '../syscall/netns.ts';
import { minimise } from './shrink.ts';
import { uncompared } from './uncompared.ts';

export interface DiffOptions {
  /**
   * Tests that run one after the other on the same maps before these are filled anew. 1: each from its own
   * start.
   */
  sequence?: number;
  /** Stop after this many runs. */
  limit?: number;
  /**
   * Run in a network of its own in which everything has a route (netns.ts); default: programs that ask for
   * routes.
   */
  network?: boolean;
}

/** Inputs on which two programs part, as small as they could be made. */
export interface Difference extends Scenario {
  /** Position in the tests as they were given. */
  index: number;
  /** Place -> [first program, second program]; '' where there is nothing. */
  places: Readonly<Record<string, readonly [string, string]>>;
}

/** What differential runs of two programs gave. */
export interface DiffReport {
  status: 'ran';
  runs: number;
  /** Runs that agreed, with or without masked places. */
  agreed: number;
  /** Tests that the kernel refused to play, with its reason. */
  skipped: Readonly<Record<string, number>>;
  /**
   * Places that vary from run to run of one program, so that nothing can be said about them, with their
   * counts.
   */
  masked: Readonly<Record<string, number>>;
  /** What the inputs reached: how often each return value came, and how often the packet was changed. */
  /** Effects of the two programs that no run shows. */
  notCompared: readonly string[];
  coverage: { returns: Readonly<Record<string, number>>; packetChanged: number };
  difference?: Difference;
}

/** A report, or why the kernel cannot run the programs. */
export type DiffResult = DiffReport | { status: 'cannot run'; reason: string };

/** Runs of one program from which places that vary by themselves are learnt. */
const NULL_RUNS = 6;
/** Tests that are tried per run that is asked for. */
const MAX_TRIES = 4;
/** Runs after which it is worth asking which maps cannot have changed. */
const LEARN_AFTER = 200;
/** Mismatches only in places that were found to vary by themselves so often are looked into now and then. */
const KNOWN_AFTER = 8;
const LOOK_AGAIN = 16;
/** Copies of each program that a difference is held against. */
const TWINS = 8;
/** A difference must come back this often. */
const CONFIRMATIONS = 3;

export class Tally {
  runs = 0;
  agreed = 0;
  packetChanged = 0;
  notCompared: readonly string[] = [];
  readonly #counts = { skipped: new Map(), masked: new Map(), returns: new Map() } as Record<
    'skipped' | 'masked' | 'returns',
    Map<string, number>
  >;
  count(what: 'skipped' | 'masked' | 'returns', key: string): void {
    this.#counts[what].set(key, (this.#counts[what].get(key) ?? 0) + 1);
  }
  /** Whether a place, or its map, has been found to vary by itself again and again. */
  isMasked(place: string): boolean {
    const times = (p: string): number => this.#counts.masked.get(p) ?? 0;
    return Math.max(times(place), times(mapOf(place))) >= KNOWN_AFTER;
  }
  ran(r0: string, packetChanged: boolean): void {
    this.runs++;
    this.count('returns', r0);
    if (packetChanged) this.packetChanged++;
  }
  report(difference?: Difference): DiffReport {
    const { skipped, masked, returns } = this.#counts;
    return {
      status: 'ran',
      runs: this.runs,
      agreed: this.agreed,
      skipped: Object.fromEntries(skipped),
      masked: Object.fromEntries(masked),
      notCompared: this.notCompared,
      coverage: { returns: Object.fromEntries(returns), packetChanged: this.packetChanged },
      ...(difference === undefined ? {} : { difference }),
    };
  }
}

/** Runs `a` and `b` on the same inputs and maps; stops at the first difference that comes back. */
export function kernelDiff(
  a: Program,
  b: Program,
  tests: Iterable<TestCase>,
  options: DiffOptions = {},
): DiffResult {
  if (a.hook !== b.hook) return { status: 'cannot run', reason: `${a.hook} against ${b.hook}` };
  const common = withCommonMaps(a, b);
  if (!common.ok) return { status: 'cannot run', reason: common.reason };
  const run = (): DiffResult => onOneCpu(() => inKernel(common.a, common.b, tests, options));
  return (options.network ?? asksForRoutes(a)) ? withRoutes(run) : run();
}

function inKernel(a: Program, b: Program, tests: Iterable<TestCase>, options: DiffOptions): DiffResult {
  const first = KernelRunner.open(a);
  if (!first.ok) return { status: 'cannot run', reason: first.reason };
  const second = KernelRunner.open(b);
  if (!second.ok) {
    first.runner.close();
    return { status: 'cannot run', reason: `second program: ${second.reason}` };
  }
  try {
    return compare(first.runner, second.runner, tests, options);
  } finally {
    first.runner.close();
    second.runner.close();
  }
}

function compare(
  a: KernelRunner,
  b: KernelRunner,
  tests: Iterable<TestCase>,
  options: DiffOptions,
): DiffResult {
  const { sequence = 1, limit = Number.POSITIVE_INFINITY } = options;
  if (a.way.runner !== b.way.runner || a.way.as?.progType !== b.way.as?.progType)
    return { status: 'cannot run', reason: 'the two programs run as different types' };
  const tally = new Tally();
  tally.notCompared = uncompared(a, b);
  let before: TestCase[] = [];
  let index = -1;
  let knownMismatches = 0;
  for (const test of tests) {
    index++;
    // A kernel that skips every test must not keep us for ever.
    if (tally.runs >= limit || index >= MAX_TRIES * limit) break;
    if (before.length === 0 || before.length >= sequence) {
      before = [];
      a.maps.fill(test.maps);
      b.maps.fill(test.maps);
    }
    const input = a.playable(test);
    const ra = a.play(input);
    const rb = b.play(input);
    if (ra.status !== 'ran' || rb.status !== 'ran') {
      const reason = ra.status !== 'ran' ? ra.reason : rb.status !== 'ran' ? rb.reason : '';
      if (ra.status !== rb.status)
        return tally.report({ index, before, test, places: { run: [ra.status, rb.status] } });
      tally.count('skipped', reason);
      before = [];
      continue;
    }
    if (tally.runs === LEARN_AFTER) leaveUnwritten(a, b);
    tally.ran(String(ra.r0), Buffer.compare(ra.packet, input.packet) !== 0);
    if (!sameBytes(a, b, ra, rb)) {
      const varying = differingPlaces(seenNow(a, ra), seenNow(b, rb));
      const known = varying.every((p) => tally.isMasked(p)) && ++knownMismatches % LOOK_AGAIN !== 0;
      if (known) for (const p of varying) tally.count('masked', p);
      const found = known ? undefined : examineLoaded({ before, test }, a, b, tally);
      if (found !== undefined) return tally.report({ index, ...found });
      before = [];
      tally.agreed++;
      continue;
    }
    tally.agreed++;
    before.push(test);
  }
  return tally.report();
}

/** Maps that neither program can write need no look after every run, and no emptying before the next. */
function leaveUnwritten(a: KernelRunner, b: KernelRunner): void {
  const [first, second] = [a.unwritten(), b.unwritten()];
  for (const i of first) {
    if (!second.has(i)) continue;
    a.maps.maps[i]!.readOnly();
    b.maps.maps[i]!.readOnly();
  }
}

/**
 * As `examine`, with the first program loaded a second time beside the two; and what is found must not be
 * found between two copies of either program, with maps elsewhere each time: a program that shows where its
 * maps are can look the same twice by chance.
 */
function examineLoaded(
  scenario: Scenario,
  a: KernelRunner,
  b: KernelRunner,
  tally: Tally,
): Omit<Difference, 'index'> | undefined {
  const observer =
    (r: KernelRunner): Observer =>
    (s) =>
      observe(r, s, { outputs: true });
  const found = withTwin(a, (twin) => examine(scenario, observer(a), observer(b), tally, observer(twin)));
  if (found === undefined) return undefined;
  const places = new Map(Object.entries(found.places));
  for (let n = 0; n < TWINS && places.size > 0; n++)
    for (const r of [a, b])
      for (const p of withTwin(r, (twin) => differing(found, observer(r), observer(twin))))
        for (const place of [...places.keys()].filter((q) => isWithin(q, p))) {
          places.delete(place);
          tally.count('masked', place);
        }
  return places.size === 0 ? undefined : { ...found, places: Object.fromEntries(places) };
}

/** Where a key varies, the other version has another one in its place: the whole map varies. */
function isWithin(place: string, varying: string): boolean {
  return place === varying || (keyVaries(varying) && mapOf(place) === mapOf(varying));
}

/**
 * Runs with the same program loaded once more, with maps of its own; with the one at hand when that cannot be
 * had.
 */
function withTwin<T>(of: KernelRunner, use: (twin: KernelRunner) => T): T {
  const twin = KernelRunner.open(of.program);
  try {
    return use(twin.ok ? twin.runner : of);
  } finally {
    if (twin.ok) twin.runner.close();
  }
}

function differing(scenario: Scenario, a: Observer, b: Observer): readonly string[] {
  const [x, y] = [a(scenario), b(scenario)];
  return x.ok && y.ok ? differingPlaces(x.seen, y.seen) : [];
}

type Ran = Extract<KernelRun, { status: 'ran' }>;

function sameBytes(a: KernelRunner, b: KernelRunner, ra: Ran, rb: Ran): boolean {
  if (ra.r0 !== rb.r0 || Buffer.compare(ra.packet, rb.packet) !== 0 || Buffer.compare(ra.ctx, rb.ctx) !== 0)
    return false;
  return a.maps.maps.every(
    (m, i) => !(m.isWritten || m.isOutput) || Buffer.compare(m.snapshot(), b.maps.maps[i]!.snapshot()) === 0,
  );
}

/** What a run left behind, place by place. */
function seenNow(runner: KernelRunner, ran: Ran): Observation {
  const context = visibleContext(runner.program.hook, runner.way.runner);
  const left = places(runner.program, context, { ...ran, maps: runner.maps.decode() });
  return new Map([...left, ...outputPlaces(runner.program, runner.maps.outputs())]);
}

/** Plays a scenario from a fresh start and says what is to be seen. */
export type Observer = (s: Scenario) => { ok: true; seen: Observation } | { ok: false; reason: string };

/** The place is the presence of a key: when it varies, keys do, and the next one has another name. */
const keyVaries = (place: string): boolean => /^map .*\[[0-9a-f]*\]$/.test(place);
/** `map stats` of any place in that map; any other place as it is. */
const mapOf = (place: string): string => place.replace(/^(map .*)\[[0-9a-f]*\](\+\d+)?$/, '$1');

/**
 * Places that differ in every one of several fresh replays and do not vary by themselves in the first
 * program. `again`: the first program loaded once more (stack traces name the place of the code).
 */
function lasting(
  scenario: Scenario,
  a: Observer,
  b: Observer,
  again: Observer,
): { lasting: string[]; varying: Set<string> } {
  const varying = new Set<string>();
  let reference: Observation | undefined;
  for (let k = 0; k < NULL_RUNS; k++) {
    const o = (k === 1 ? again : a)(scenario);
    if (!o.ok) return { lasting: [], varying };
    if (reference !== undefined)
      for (const p of differingPlaces(reference, o.seen)) varying.add(keyVaries(p) ? mapOf(p) : p);
    reference = o.seen;
  }
  let left: string[] | undefined;
  for (let k = 0; k < CONFIRMATIONS; k++) {
    const [x, y] = [a(scenario), b(scenario)];
    if (!x.ok || !y.ok) return { lasting: [], varying };
    const now = differingPlaces(x.seen, y.seen).filter((p) => !varying.has(p) && !varying.has(mapOf(p)));
    left = left === undefined ? now : left.filter((p) => now.includes(p));
  }
  return { lasting: left ?? [], varying };
}

/**
 * Looks again at a mismatch: a minimised difference; undefined when a fresh replay agrees but for places that
 * vary, which are counted.
 */
export function examine(
  scenario: Scenario,
  a: Observer,
  b: Observer,
  tally: Tally,
  again: Observer = a,
): Omit<Difference, 'index'> | undefined {
  const first = lasting(scenario, a, b, again);
  if (first.lasting.length === 0) {
    if (first.varying.size === 0) tally.count('masked', 'a difference that did not come back');
    for (const p of first.varying) tally.count('masked', p);
    return undefined;
  }
  const small = minimise(scenario, (s) => lasting(s, a, b, again).lasting.length > 0);
  const { lasting: where } = lasting(small, a, b, again);
  const [x, y] = [a(small), b(small)];
  const shown = Object.fromEntries(
    where.map((p) => [p, [(x.ok && x.seen.get(p)) || '', (y.ok && y.seen.get(p)) || ''] as const]),
  );
  return { ...small, places: shown };
}
