/**
 * Running one program in the kernel on test cases: maps filled, BPF_PROG_TEST_RUN once, everything read back.
 *
 *   Program --load as itself, or as a type that can be run--> KernelRunner --TestCase--> KernelOutcome
 *
 * Nothing is attached. Programs that ask for their CPU give the same answer twice only inside `onOneCpu`.
 */

import type { Program } from '../../program/program.ts';
import { hookOfProgType } from '../../program/tables/hooks.ts';
import type { MapContents, TestCase } from '../../vm/types.ts';
import { Attr, type Bpf, BpfError, Cmd, errnoName, Fds, openBpf } from '../syscall/syscall.ts';
import { kernelInput, kernelOutput, playable, type RunAs, waysToRun } from './inputs.ts';
import { loadProgram, notLoadable } from './load.ts';
import { MapSet } from './map-contents.ts';
import { unwrittenMaps } from './read-only-maps.ts';

/** What one run leaves behind, before the maps are read. Byte arrays are valid until the next run. */
export type KernelRun =
  | {
      status: 'ran';
      /** As much of r0 as TEST_RUN shows: 32 bits. */
      r0: bigint;
      packet: Uint8Array;
      ctx: Uint8Array;
      /** Nanoseconds of this one run, as the kernel counts them: far too coarse to compare programs with. */
      ns: number;
    }
  | { status: 'cannot run'; reason: string };

/** A run with the maps' contents after it, comparable with the interpreter's `Outcome`. */
export type KernelOutcome =
  | (Extract<KernelRun, { status: 'ran' }> & { maps: readonly MapContents[] })
  | { status: 'cannot run'; reason: string };

const OUT_BYTES = 65_536;

/** A loaded program with its own maps. Close it. */
export class KernelRunner {
  readonly program: Program;
  readonly way: RunAs;
  readonly maps: MapSet;
  readonly #bpf: Bpf;
  readonly #fds: Fds;
  readonly #fd: number;
  readonly #attr = new Attr(80);
  readonly #out = new Uint8Array(OUT_BYTES);
  readonly #ctxOut = new Uint8Array(256);

  private constructor(bpf: Bpf, program: Program, way: RunAs, fds: Fds, fd: number, maps: MapSet) {
    this.#bpf = bpf;
    this.program = program;
    this.way = way;
    this.#fds = fds;
    this.#fd = fd;
    this.maps = maps;
  }

  static open(program: Program): { ok: true; runner: KernelRunner } | { ok: false; reason: string } {
    const opened = openBpf();
    if (!opened.ok) return opened;
    const why = notLoadable(program);
    if (why !== undefined) return { ok: false, reason: why };
    const { bpf } = opened;
    const fds = new Fds(bpf);
    let maps: MapSet | undefined;
    let reason = `no way to run programs of type ${program.hook}`;
    try {
      maps = new MapSet(bpf, program.maps);
      for (const way of waysToRun(program.hook)) {
        const loaded = loadProgram(bpf, fds, program, { mapFds: maps.fds, as: way.as });
        if (loaded.ok) return { ok: true, runner: new KernelRunner(bpf, program, way, fds, loaded.fd, maps) };
        reason = loaded.reason;
      }
    } catch (e) {
      if (!(e instanceof BpfError)) throw e;
      reason = e.message;
    }
    maps?.close();
    fds.close();
    return { ok: false, reason };
  }

  /** Indices of maps that the program cannot write, as the kernel says. */
  unwritten(): Set<number> {
    return unwrittenMaps(this.#bpf, this.program, this.way.as);
  }

  /** The test case as this runner presents it to the program. */
  playable(test: TestCase): TestCase {
    return playable(this.program.hook, this.way.runner, test);
  }

  /** Runs a playable test case on the maps as they are. */
  play(test: TestCase): KernelRun {
    const { runner } = this.way;
    const { data, ctx } = kernelInput(runner, test);
    const attr = this.#attr.clear().u32(0, this.#fd);
    const bpf = this.#bpf;
    if (data !== undefined) {
      attr.u32(8, data.length).u64(16, bpf.address(data));
      attr.u32(12, OUT_BYTES).u64(24, bpf.address(this.#out)).u32(32, 1);
    }
    if (ctx !== undefined) {
      attr.u32(40, ctx.length).u64(48, bpf.address(ctx));
      // Only packet runners have a ctx_out; the syscall runner writes ctx_in back in place.
      if (data !== undefined) attr.u32(44, this.#ctxOut.length).u64(56, bpf.address(this.#ctxOut));
    }
    const r = bpf.call(Cmd.TEST_RUN, attr.bytes, 80);
    this.maps.touch();
    if (r < 0) return { status: 'cannot run', reason: `BPF_PROG_TEST_RUN: ${errnoName(r)}` };
    const out = this.#out.subarray(0, attr.getU32(12));
    const left = kernelOutput(runner, test, out, data === undefined ? (ctx ?? test.ctx) : this.#ctxOut);
    return { status: 'ran', r0: BigInt(attr.getU32(4)), ns: attr.getU32(36), ...left };
  }

  /** One test case from a fresh start: maps filled, run, maps read. */
  run(test: TestCase): KernelOutcome {
    this.maps.fill(test.maps);
    const ran = this.play(this.playable(test));
    if (ran.status !== 'ran') return ran;
    return { ...ran, packet: ran.packet.slice(), ctx: ran.ctx.slice(), maps: this.maps.decode() };
  }

  close(): void {
    this.maps.close();
    this.#fds.close();
  }
}

/** Runs `body` with the calling thread bound to one CPU; the old binding comes back whatever happens. */
export function onOneCpu<T>(body: () => T): T {
  const opened = openBpf();
  if (!opened.ok) return body();
  const allowed = opened.bpf.getAffinity();
  opened.bpf.setAffinity(allowed.slice(-1));
  try {
    return body();
  } finally {
    if (allowed.length > 0) opened.bpf.setAffinity(allowed);
  }
}

/** How a program's type runs here: 'as itself', 'as <type>', or why not. Loads it once. */
export function canRun(program: Program): { ok: true; as: string } | { ok: false; reason: string } {
  const opened = KernelRunner.open(program);
  if (!opened.ok) return opened;
  const { way } = opened.runner;
  opened.runner.close();
  if (way.as === undefined) return { ok: true, as: 'as itself' };
  return { ok: true, as: `as ${hookOfProgType(way.as.progType)?.name ?? `type ${way.as.progType}`}` };
}
