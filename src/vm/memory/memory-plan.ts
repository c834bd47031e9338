/** Linear memory of one machine: how large, where everything is (layout.ts), and the test images in it. */
import type { Program } from '../../program/program.ts';
import type { TestCase } from '../types.ts';
import type { Arena } from './arena.ts';
import { buildImage } from './image.ts';
import { arenaBytes, type ImageOptions, type ImageShape, shapeOf } from './image-shape.ts';
import { CELL, CODE, ENTRY, RECORD } from './layout.ts';

const PAGE = 64 * 1024;
/** Sizes of the part before the shadow. Few, because the distance is built into the emitted code. */
const CLASSES = [128, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576].map((kib) => kib * 1024);
/**
 * A store at p and a load of its shadow must not agree in their low 12 bits, or the processor takes them for
 * the same place.
 */
const SKEW = 2080;

export interface MemoryPlan {
  shape: ImageShape;
  /** Bytes of one arena. */
  arena: number;
  /** How many instructions and tests fit. */
  insns: number;
  tests: number;
  /** Addresses. */
  prices: number;
  coverage: number;
  order: number;
  log: number;
  arenas: number;
  expected: number;
  /** Distance from a byte to its shadow; pages to allocate. */
  delta: number;
  pages: number;
}

const align = (n: number): number => (n + 63) & ~63;

/** Bytes that the tests of one program may take. */
const AFFORDABLE = 256 * 1024 * 1024;

/**
 * How many tests like this one fit into memory: few where the values of maps have megabytes, but at least
 * one.
 */
export function testsThatFit(program: Program, test: TestCase, options: ImageOptions = {}): number {
  const arena = align(Math.max(arenaBytes(shapeOf(program, options), test), 1024) + 64);
  const list = (arena / 8) * ENTRY;
  return Math.max(1, Math.floor((AFFORDABLE - list) / (arena + list)));
}

export function planMemory(
  program: Program,
  tests: readonly TestCase[],
  insns: number,
  capacity: number,
  options: ImageOptions,
): MemoryPlan {
  const shape = shapeOf(program, options);
  const arena = align(Math.max(...tests.map((t) => arenaBytes(shape, t)), 1024) + 64);
  // Every word of an arena can be in the undo log and in the expected list once.
  const list = (arena / 8) * ENTRY;
  const prices = align(CODE + (insns + 1) * RECORD);
  const coverage = align(prices + (insns + 1) * 8);
  const order = align(coverage + (insns + 1) * 8);
  const log = align(order + capacity * 4);
  const arenas = align(log + list);
  const expected = align(arenas + capacity * arena);
  const end = expected + capacity * list;
  const size = CLASSES.find((c) => c >= end);
  if (size === undefined) throw new RangeError(`${capacity} tests of ${arena} bytes do not fit into memory`);
  const delta = size + SKEW;
  const pages = Math.ceil((delta + expected) / PAGE) + 1;
  return {
    shape,
    arena,
    insns,
    tests: capacity,
    prices,
    coverage,
    order,
    log,
    arenas,
    expected,
    delta,
    pages,
  };
}

/** Writes the cells that stay, and the images of the tests. */
export function initialise(arena: Arena, plan: MemoryPlan, tests: readonly TestCase[], steps: number): void {
  const { view } = arena;
  view.setUint32(CELL.LOG_TOP, plan.log, true);
  view.setUint32(CELL.LOG_BASE, plan.log, true);
  view.setUint32(CELL.PRICES, plan.prices, true);
  view.setUint32(CELL.COVERAGE, plan.coverage, true);
  view.setUint32(CELL.ORDER, plan.order, true);
  view.setUint32(CELL.STEP_LIMIT, steps * RECORD, true);
  tests.forEach((test, i) => {
    buildImage(arena, arenaAt(plan, i), plan.arena, plan.shape, test, i);
  });
}

export function arenaAt(plan: MemoryPlan, test: number): number {
  return plan.arenas + test * plan.arena;
}
