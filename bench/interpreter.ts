/**
 * How fast the interpreter is: nanoseconds per executed instruction over 64 tests, all in (setting up,
 * comparing and rewinding every test), against the same in C, rounds interleaved; and candidates per second
 * with early exit.
 *
 * CPU time, not wall time: the machine may be shared.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../src/base/errors.ts';
import { type Insn, insn, OP_CALL } from '../src/isa/insn.ts';
import { OPS } from '../src/isa/semantics.ts';
import type { Program } from '../src/program/program.ts';
import { createMachine, type Machine, Rng } from '../src/vm/index.ts';
import { CELL, HEAD, MAP, MAPS, poison } from '../src/vm/memory/layout.ts';
import { generateTests } from '../src/vm/testgen/index.ts';
import { Special } from '../src/vm/wasm/decode.ts';
import { paperProgram } from './paper.ts';

const TESTS = 64;
const ROUNDS = 9;
const MAP_LOOKUP = 1;

function cpuNanoseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Handler numbers, addresses and constants that switch.c needs. */
function header(delta: number): string {
  const lines: [string, number | bigint][] = [];
  for (const row of OPS) {
    const name = row.name
      .replace(/^atomic\..*/, '')
      .toUpperCase()
      .replaceAll('.', '_');
    if (/^[A-Z][A-Z0-9_]*$/.test(name)) lines.push([name, row.id]);
  }
  lines.push(['NOP', Special.NOP], ['LD_MAP', Special.LD_MAP], ['LOOKUP', Special.LOOKUP], ['DELTA', delta]);
  for (const key of ['LOG_TOP', 'LOG_BASE', 'STEPS', 'STEP_LIMIT', 'ORDER', 'TESTS', 'R0_MASK'] as const)
    lines.push([key, CELL[key]]);
  lines.push(['CELL_PC', CELL.PC], ['CALL_COST', CELL.CALL_COST], ['EDGE_COST', CELL.EDGE_COST]);
  for (const [key, value] of Object.entries(HEAD)) lines.push([`HEAD_${key}`, value]);
  lines.push(
    ['MAPS', MAPS],
    ['MAP_KIND', MAP.KIND],
    ['MAP_OFFSET', MAP.OFFSET],
    ['MAP_MAX', MAP.MAX_ENTRIES],
  );
  lines.push(['MAP_STRIDE', MAP.STRIDE]);
  const text = lines.map(([name, value]) => `#define ${name} ${value}`);
  for (let r = 0; r < 10; r++) text.push(`#define POISON_${r} ${poison(r)}ull`);
  return `${text.join('\n')}\n`;
}

/** Nanoseconds of one pass over all tests. */
function fullPass(machine: Machine, passes: number): number {
  const start = cpuNanoseconds();
  for (let i = 0; i < passes; i++) machine.evaluate();
  return (cpuNanoseconds() - start) / passes;
}

/**
 * Runs the C interpreter for some passes; undefined when there is no C compiler, or the program calls other
 * helpers.
 */
function cInterpreter(machine: Machine, directory: string): ((passes: number) => number) | undefined {
  const calls = machine.program.insns.filter((i) => i.op === OP_CALL);
  if (calls.some((i) => i.imm !== MAP_LOOKUP) || spawnSync('gcc', ['--version']).status !== 0)
    return undefined;
  const binary = join(directory, 'switch');
  const dump = join(directory, 'memory');
  const memory = machine.linearMemory();
  writeFileSync(dump, memory.bytes);
  writeFileSync(join(directory, 'switch.h'), header(memory.delta));
  execFileSync('gcc', ['-O2', '-fno-strict-aliasing', `-I${directory}`, '-o', binary, 'bench/switch.c']);
  return (passes) => {
    const result = JSON.parse(execFileSync(binary, [dump, String(passes)], { encoding: 'utf8' }));
    if (result.error !== 0 || result.faults !== 0)
      throw new Error(`the C interpreter disagrees: ${JSON.stringify(result)}`);
    return result.ns;
  };
}

const ALU = [0x07, 0x0f, 0xb7, 0xbf, 0x57, 0x67, 0x77, 0x47, 0x5f, 0x4f];
const MEMORY = [0x61, 0x69, 0x71, 0x79, 0x63, 0x6b, 0x73, 0x7b];

/** One random instruction, as a Markov chain might propose it. */
function proposal(rng: Rng, at: Insn): Insn {
  const kind = rng.below(4);
  if (kind === 0) return { ...at, dst: rng.below(10) };
  if (kind === 1) return insn(0x05);
  if (kind === 2) return insn(rng.pick(MEMORY), rng.below(10), rng.below(11), -8 * rng.below(4));
  return insn(rng.pick(ALU), rng.below(10), rng.below(10), 0, rng.below(64));
}

/** Candidates per CPU second: each the source with one fresh mutation, given up at the first failing test. */
function candidatesPerSecond(machine: Machine, program: Program, count: number, seed: number): number {
  const rng = new Rng(seed, program.name);
  const { insns } = program;
  const start = cpuNanoseconds();
  for (let i = 0; i < count; i++) {
    const at = rng.below(insns.length);
    machine.patch(at, proposal(rng, insns[at]!));
    machine.evaluate(0);
    machine.patch(at, insns[at]!);
  }
  return (count / (cpuNanoseconds() - start)) * 1e9;
}

function prepare(program: Program): { machine: Machine; steps: number } {
  const machine = createMachine(program);
  machine.setTests(generateTests(program, { count: TESTS, seed: 1 }));
  machine.setSource(program.insns);
  machine.setCandidate(program.insns);
  const steps = machine.runAll(program.insns).reduce((sum, o) => sum + o.steps, 0);
  return { machine, steps };
}

function bench(name: string): void {
  const program = paperProgram(name);
  const { machine, steps } = prepare(program);
  const directory = mkdtempSync(join(tmpdir(), 'k2-bench-'));
  try {
    const c = cInterpreter(machine, directory);
    fullPass(machine, 3000);
    const passes = 2000;
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(fullPass(machine, passes) / steps);
      if (c !== undefined) theirs.push(c(passes) / steps);
    }
    const speed = Array.from({ length: 5 }, (_, k) => candidatesPerSecond(machine, program, 100_000, k));
    const report = {
      program: name,
      tests: TESTS,
      instructionsPerPass: steps,
      nsPerInstruction: Number(median(ours).toFixed(2)),
      ...(c === undefined
        ? { c: 'no gcc, or helpers that it does not have' }
        : {
            cNsPerInstruction: Number(median(theirs).toFixed(2)),
            ratio: Number((median(ours) / median(theirs)).toFixed(2)),
          }),
      candidatesPerSecond: Math.round(median(speed)),
    };
    console.log(JSON.stringify(report));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

try {
  for (const name of process.argv.length > 2 ? process.argv.slice(2) : ['xdp1']) bench(name);
} catch (e) {
  if (!(e instanceof UserError)) throw e;
  console.error(e.message);
  process.exitCode = 2;
}
