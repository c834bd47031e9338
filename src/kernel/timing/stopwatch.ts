/**
 * Several versions of a program, loaded behind the same harness on the same maps, and one timed run of each.
 *
 *   versions --harness, load--> Stopwatch --run(version, test, count)--> nanoseconds of one iteration
 */
import type { Program } from '../../program/program.ts';
import type { TestCase } from '../../vm/types.ts';
import { kernelInput, playable } from '../run/inputs.ts';
import { loadProgram } from '../run/load.ts';
import { MapSet } from '../run/map-contents.ts';
import { Attr, type Bpf, BpfError, Cmd, errnoName, Fds, openBpf } from '../syscall/syscall.ts';
import { controlValue, harness, iterationsLeft, type TimedAs } from './harness.ts';

const CONTROL_KEY = new Uint8Array(4);
/** Packet that an XDP harness runs on when the body reads a record. */
const BLANK = new Uint8Array(64);

export type RunTime = { ok: true; ns: number; duration: number } | { ok: false; reason: string };

type Opened = { ok: true; watch: Stopwatch } | { ok: false; reason: string };

/** Loaded versions with their maps. Close it. */
export class Stopwatch {
  readonly #bpf: Bpf;
  readonly #fds: Fds;
  readonly #maps: MapSet;
  readonly #program: Program;
  readonly #as: TimedAs;
  readonly #progFds: readonly number[];
  readonly #attr = new Attr(80);

  private constructor(
    bpf: Bpf,
    fds: Fds,
    maps: MapSet,
    program: Program,
    as: TimedAs,
    progFds: readonly number[],
  ) {
    this.#bpf = bpf;
    this.#fds = fds;
    this.#maps = maps;
    this.#program = program;
    this.#as = as;
    this.#progFds = progFds;
  }

  /** Loads the versions, in this order; the reason names the one that the verifier refuses. */
  static open(versions: readonly Program[], as: TimedAs): Opened {
    const plain = Stopwatch.#openWith(versions, as, false);
    if (plain.ok) return plain;
    const cleared = Stopwatch.#openWith(versions, as, true);
    return cleared.ok ? cleared : plain;
  }

  static #openWith(versions: readonly Program[], as: TimedAs, clear: boolean): Opened {
    const opened = openBpf();
    if (!opened.ok) return opened;
    const { bpf } = opened;
    const harnesses = versions.map((v) => harness(v, versions, as, clear));
    const fds = new Fds(bpf);
    let maps: MapSet | undefined;
    let reason = 'nothing to time';
    try {
      maps = new MapSet(bpf, harnesses[0]?.maps ?? []);
      const progFds: number[] = [];
      for (const [k, h] of harnesses.entries()) {
        const loaded = loadProgram(bpf, fds, h, { mapFds: maps.fds });
        if (!loaded.ok) {
          reason = `version ${k} inside the harness: ${loaded.reason}`;
          break;
        }
        progFds.push(loaded.fd);
      }
      if (versions.length > 0 && progFds.length === versions.length)
        return { ok: true, watch: new Stopwatch(bpf, fds, maps, versions[0]!, as, progFds) };
    } catch (e) {
      if (!(e instanceof BpfError)) {
        maps?.close();
        fds.close();
        throw e;
      }
      reason = e.message;
    }
    maps?.close();
    fds.close();
    return { ok: false, reason };
  }

  /** `count` iterations of a version on a test, maps filled anew. */
  run(version: number, test: TestCase, count: number): RunTime {
    const { hook, maps } = this.#program;
    const { runner, record } = this.#as;
    const input = record ? { ...test, packet: BLANK } : playable(hook, runner, test);
    const control = controlValue(this.#program, this.#as, input, count);
    this.#maps.fill([...maps.map((_, i) => test.maps[i] ?? []), [{ key: CONTROL_KEY, value: control }]]);
    const bpf = this.#bpf;
    const { data, ctx } = record ? { data: BLANK, ctx: undefined } : kernelInput(runner, input);
    const attr = this.#attr.clear().u32(0, this.#progFds[version]!).u32(32, 1);
    if (data !== undefined) attr.u32(8, data.length).u64(16, bpf.address(data));
    if (ctx !== undefined) attr.u32(40, ctx.length).u64(48, bpf.address(ctx));
    const r = bpf.call(Cmd.TEST_RUN, attr.bytes, 80);
    this.#maps.touch();
    if (r < 0) return { ok: false, reason: `BPF_PROG_TEST_RUN: ${errnoName(r)}` };
    const left = iterationsLeft(this.#maps.maps.at(-1)!.snapshot());
    if (left !== 0) return { ok: false, reason: `the loop ended ${left} iterations early` };
    const duration = attr.getU32(36);
    return { ok: true, ns: duration / count, duration };
  }

  close(): void {
    this.#maps.close();
    this.#fds.close();
  }
}
