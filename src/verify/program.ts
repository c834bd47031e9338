/**
 * Whole programs as questions for the verifier.
 *
 *   in:   two programs for one hook, with the same maps
 *   out:  entryContext    what holds at the hook's entry, and what is observed when the program returns
 *         functionContext the same of a function that others may call or replace, by itself
 *         entryFacts      what the kernel guarantees about the packet's pointers, as assumptions
 *         testOf          a model of the formula as a test case, for the interpreter
 *
 * A program is the window from its first to its last instruction, its functions followed where they are
 * called; nothing of the stack is live after it.
 */
import { STACK_SIZE } from '../analysis/domain/stack.ts';
import { pointer, region, UNINIT, type Value } from '../analysis/domain/value.ts';
import { parameterValue } from '../analysis/transfer/open-calls.ts';
import { isExceptionCallback, isOpen } from '../program/contracts/contract.ts';
import type { FunctionRange, MapDef, Program } from '../program/program.ts';
import { HOOKS } from '../program/tables/hooks.ts';
import { mapType } from '../program/tables/maps.ts';
import { Op, type Term, type TermAssignment, TermEvaluator } from '../solver/index.ts';
import { createMachine } from '../vm/machine/machine.ts';
import { observer } from '../vm/observe.ts';
import { deepTests, generateTests } from '../vm/testgen/index.ts';
import type { MapEntry, TestCase } from '../vm/types.ts';
import type { WindowContext } from './context.ts';
import { Unsupported } from './errors.ts';
import { outcomeDifferences, outcomeDifferenceText } from './outcome-diff.ts';
import type { Session } from './proof/session.ts';
import { directId } from './symbolic/constant-data.ts';
import { type AliasPartition, memoryOf } from './symbolic/regions.ts';
import type { SymbolicRun } from './symbolic/run.ts';
import type { Counterexample } from './types.ts';
import { packetIsShared } from './window-context.ts';

/** Packets of which a model may be made; the kernel's linear part is below 64 KiB. */
const MAX_PACKET = 0xffffn;
/** No kernel address is near either end of the number range. */
const LOWEST = 0x1_0000n;
const HIGHEST = 0xffff_ffff_0000_0000n;
/** Where samples put the packet. */
const SAMPLE_PACKET = 0xffff_8880_0000_1000n;

/** @throws Unsupported when the two cannot be compared */
export function checkComparable(a: Program, b: Program): void {
  const why = whyIncomparable(a, b);
  if (why !== undefined) throw new Unsupported(why);
  if (a.pinned.size + b.pinned.size > 0) throw new Unsupported('some instructions are not final');
  const [open, others] = [openFunctions(a), openFunctions(b)];
  const isSame = open.length === others.length && open.every((f) => others.some((g) => isSameOpen(f, g)));
  if (!isSame) throw new Unsupported('the programs have different functions that others may call or replace');
}

/** Functions but the entry that others may call or replace: each is proven by itself. */
export function openFunctions(program: Program): FunctionRange[] {
  return program.functions.filter((f, n) => n > 0 && (isOpen(f) || isExceptionCallback(f)));
}

function isSameOpen(f: FunctionRange, g: FunctionRange): boolean {
  const promise = ({ contract }: FunctionRange): string =>
    JSON.stringify([contract?.linkage, contract?.verified, contract?.parameters]);
  return f.name === g.name && promise(f) === promise(g);
}

/** Why two programs are not versions of one: another hook, other maps. */
export function whyIncomparable(a: Program, b: Program): string | undefined {
  if (a.hook !== b.hook) return `hooks differ: ${a.hook} and ${b.hook}`;
  const isSame = a.maps.length === b.maps.length && a.maps.every((m, i) => sameMap(m, b.maps[i]!));
  return isSame ? undefined : 'the programs have different maps';
}

function sameMap(a: MapDef, b: MapDef): boolean {
  return (
    a.name === b.name &&
    a.type === b.type &&
    a.keySize === b.keySize &&
    a.valueSize === b.valueSize &&
    a.maxEntries === b.maxEntries &&
    a.flags === b.flags &&
    (a.readonly === true) === (b.readonly === true) &&
    Buffer.compare(a.initial ?? new Uint8Array(0), b.initial ?? new Uint8Array(0)) === 0 &&
    (a.inner === undefined) === (b.inner === undefined) &&
    (a.inner === undefined ||
      b.inner === undefined ||
      sameMap({ ...a.inner, name: '' }, { ...b.inner, name: '' }))
  );
}

export function entryContext(program: Program): WindowContext {
  const hook = HOOKS[program.hook];
  const registers = new Array<Value>(11).fill(UNINIT);
  registers[1] = pointer(region.ctx);
  // What replaces a function gets that function's arguments.
  if (program.hook === 'ext')
    for (let r = 1; r <= 5; r++) registers[r] = parameterValue(program.functions[0]!, r, 'best');
  registers[10] = pointer(region.stack(0));
  return {
    registers,
    stack: new Array(STACK_SIZE / 8).fill(undefined),
    frame: 0,
    liveRegisters: new Array<bigint>(11).fill(0n),
    liveStack: new Uint8Array(STACK_SIZE),
    exits: [],
    returnBits: (1n << BigInt(hook.returnBits)) - 1n,
    ctxFields: hook.ctxAccess === 'fields' ? hook.fields : [],
    maps: program.maps,
    packetShared: packetIsShared(program),
  };
}

/**
 * An open function by itself: its arguments are what its prototype says, and all of its result is observed.
 */
export function functionContext(program: Program, f: FunctionRange): WindowContext {
  const registers = new Array<Value>(11).fill(UNINIT);
  for (let r = 1; r <= 5; r++) registers[r] = parameterValue(f, r, 'best');
  registers[10] = pointer(region.stack(0));
  return { ...entryContext(program), registers, returnBits: (1n << 64n) - 1n };
}

/** The packet lies inside kernel memory, its end not before its start. */
export function addPacketFacts(session: Session, longest = MAX_PACKET): void {
  const { bases, inputs, normalizer } = session;
  const b = normalizer.build;
  const start = bases.base(region.packet, '');
  const end = bases.base(region.packetEnd, '');
  const atMost = (x: Term, y: Term): Term => b.not(b.binary(Op.ULt, y, x));
  const k = (v: bigint): Term => b.const(v, 64);
  inputs.assumptions.push(
    atMost(k(LOWEST), start),
    atMost(start, k(HIGHEST)),
    atMost(b.sub(end, start), k(longest)),
  );
  inputs.hints.set('packet', { min: SAMPLE_PACKET, max: SAMPLE_PACKET });
  inputs.hints.set('packet_end', { min: SAMPLE_PACKET, max: SAMPLE_PACKET + 1500n });
}

/** The test case that an assignment describes; undefined when no real input is like it. */
export function testOf(
  session: Session,
  program: Program,
  run: SymbolicRun,
  merging: AliasPartition,
  input: TermAssignment,
): TestCase | undefined {
  const variable = (name: string): bigint => BigInt.asUintN(64, input.variable(name, 64));
  const bytes = (memory: string, at: bigint, size: number): Uint8Array =>
    Uint8Array.from(
      { length: size },
      (_, k) => input.byte(memory, BigInt.asUintN(64, at + BigInt(k))) & 0xff,
    );
  const start = variable('packet');
  const length = BigInt.asUintN(64, variable('packet_end') - start);
  const hook = HOOKS[program.hook];
  if (hook.packet !== 'none' && length > MAX_PACKET) return undefined;
  const size = hook.packet === 'none' ? 0 : Number(length);
  const maps = mapsOf(session, program, run, merging, input, bytes);
  return {
    packet: bytes(memoryOf(region.packet, merging), start, size),
    ctx: bytes(memoryOf(region.ctx, merging), variable('ctx'), hook.ctxSize),
    maps,
    seed: 1,
  };
}

function mapsOf(
  session: Session,
  program: Program,
  run: SymbolicRun,
  merging: AliasPartition,
  input: TermAssignment,
  bytes: (memory: string, at: bigint, size: number) => Uint8Array,
): MapEntry[][] {
  const maps: MapEntry[][] = program.maps.map(() => []);
  const put = (map: number, key: Uint8Array, base: bigint): void => {
    const def = program.maps[map]!;
    if (maps[map]!.some((e) => Buffer.compare(e.key, key) === 0)) return;
    const value = bytes(memoryOf(region.mapValue(map), merging), base, def.valueSize);
    maps[map]!.push({ key, value });
  };
  const lookups = run.calls.filter((c) => c.name === 'map_lookup_elem');
  const e = new TermEvaluator(
    session.normalizer.store,
    lookups.flatMap((c) => [c.condition, ...c.inputs.map((i) => i.term)]),
  );
  e.run(input);
  for (const c of lookups) {
    const of = session.bases.regionOf(c.inputs.find((i) => i.where === 'r1')!.term);
    if (of?.kind !== 'map' || of.inner || e.value(c.condition) === 0n) continue;
    const base = input.variable(`map_value:${of.map}#call${c.token}`, 64);
    if (base === 0n || mapType(program.maps[of.map]!.type)?.lookup !== 'value') continue;
    const key: number[] = [];
    for (const i of c.inputs.filter((x) => x.where.startsWith('r2[')))
      for (let k = 0; k < session.normalizer.store.width(i.term); k += 8)
        key.push(Number((e.value(i.term) >> BigInt(k)) & 0xffn));
    put(of.map, Uint8Array.from(key), base);
  }
  program.maps.forEach((m, map) => {
    if (m.initial === undefined) return;
    const base = input.variable(`map_value:${map}#${directId(map)}`, 64);
    if (m.readonly === true) maps[map] = [{ key: new Uint8Array(4), value: m.initial }];
    else put(map, new Uint8Array(4), base);
  });
  return maps;
}

/**
 * The first test on which two programs do not leave the same behind.
 * @param tests cases, or how many to draw
 */
export function firstDifference(
  a: Program,
  b: Program,
  tests: readonly TestCase[] | number,
): { counterexample: Counterexample; where: string } | undefined {
  if (tests === 0) return undefined;
  const machine = createMachine(a);
  const cases = typeof tests === 'number' ? generateTests(a, { seed: 1, count: tests }) : tests;
  machine.setTests(cases);
  const skipped = new Set(machine.setSource(a.insns));
  machine.setCandidate(b.insns);
  if (machine.evaluate().failed === 0) return undefined;
  for (const [n, test] of cases.entries()) {
    if (skipped.has(n)) continue;
    machine.setTests([test]);
    machine.setSource(a.insns);
    machine.setCandidate(b.insns);
    if (machine.evaluate().failed === 0) continue;
    const [difference] = outcomeDifferences(a, machine.run(a.insns, 0), machine.run(b.insns, 0));
    const where = difference === undefined ? 'outputs' : outcomeDifferenceText(difference);
    return { counterexample: { registers: new Map(), memory: new Map(), test }, where };
  }
  return undefined;
}

/** Tests that are compared at once. */
const CHUNK = 64;

/** The first difference on `count` tests that are guided to deep paths of the first program. */
export function deepDifference(
  a: Program,
  b: Program,
  count: number,
): { counterexample: Counterexample; where: string } | undefined {
  const tests = deepTests(a, 1, observer(a));
  for (let n = 0; n < count; n += CHUNK) {
    const chunk = Array.from({ length: CHUNK }, () => tests.next().value);
    const found = firstDifference(a, b, chunk);
    if (found !== undefined) return found;
  }
  return undefined;
}
