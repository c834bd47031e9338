/**
 * The static safety check (analysis/) measured against the running kernel: a confusion matrix.
 *
 *   Program --> itself and mutants (mutants.ts) --> examine() beside KernelSession.check() --> four counts
 *               and, per kind of disagreement, how many and one example
 *
 *                    kernel accepts      kernel refuses
 *   we say safe      agree               missed (must be rare: a candidate is proposed in vain)
 *   we say unsafe    alarm (costs us     agree
 *                    a rewrite)
 *
 * Rules of the running Linux are used. Only programs that the kernel accepts as they are get mutants: what a
 * kernel says of changes to a program that it cannot load means nothing.
 */

import { release } from 'node:os';
import { examine, UNINIT_STACK } from '../../analysis/safety.ts';
import { Rng } from '../../base/random.ts';
import { formatInsn } from '../../isa/disasm.ts';
import type { Program } from '../../program/program.ts';
import { KernelSession } from '../run/load.ts';
import { linuxNumber } from './fuzz.ts';
import { mutant } from './mutants.ts';

export interface MatrixOptions {
  seed: number;
  /** Mutants per program. */
  mutants: number;
  /** Instructions that static safety may process for the mutants of one program; large programs get fewer. */
  work: number;
  /** Further options of the static safety. */
  linux?: number;
}

/** MatrixCounts of loads by our verdict and the kernel's. */
export interface MatrixCounts {
  safeAccepted: number;
  safeRefused: number;
  unsafeAccepted: number;
  unsafeRefused: number;
  /** Nobody could say: no kernel, or a program that waits for relocation. */
  notChecked: number;
}

/** One kind of disagreement. */
export interface Disagreement {
  /**
   * `missed`: we said safe, the kernel refused. `alarm`: the kernel accepted, we refused. `missed as it is`:
   * of a program before any change.
   */
  kind: 'missed' | 'alarm' | 'missed as it is';
  /** The reason of the one who refused, with its numbers left out. */
  reason: string;
  count: number;
  /** Program, mutant's number (0 = the program itself), the reason in full, and the changed instructions. */
  example: { program: string; mutant: number; reason: string; change: string[] };
}

export interface Matrix {
  /** Programs that the kernel accepts, and their mutants. */
  counts: MatrixCounts;
  /** Programs that the kernel refuses as they are: how many of them we call safe. */
  refusedAsTheyAre: { safe: number; unsafe: number };
  programs: number;
  /** Programs that the kernel refuses as they are, or that it was not asked about, by reason. */
  unusable: Readonly<Record<string, number>>;
  disagreements: Disagreement[];
}

/** A reason as a class: registers and numbers do not matter. */
export function reasonClass(reason: string): string {
  return reason
    .replace(/\b[Rr]\d+\b/g, 'R_')
    .replace(/0x[0-9a-f]+|-?\d+/g, 'N')
    .replace(/(N\+)+N/g, 'N')
    .trim();
}

export class MatrixTally {
  readonly counts: MatrixCounts = {
    safeAccepted: 0,
    safeRefused: 0,
    unsafeAccepted: 0,
    unsafeRefused: 0,
    notChecked: 0,
  };
  programs = 0;
  private readonly refused = { safe: 0, unsafe: 0 };
  private readonly unusable: Record<string, number> = {};
  private readonly found = new Map<string, Disagreement>();
  private readonly options: MatrixOptions;
  private readonly rules: { linux: number; uninitStack: boolean; first: true };

  constructor(options: MatrixOptions) {
    this.options = options;
    const linux = options.linux ?? linuxNumber(release());
    this.rules = { linux, uninitStack: linux >= UNINIT_STACK, first: true };
  }

  /** Asks about a program and its mutants. `id` names it in examples, and its mutants' seed. */
  add(id: string, program: Program): void {
    this.programs++;
    const opened = KernelSession.open(program);
    if (!opened.ok) {
      this.skip(opened.reason);
      return;
    }
    const { session } = opened;
    const { original } = session;
    if (original.status !== 'accepted') {
      this.skip(`${original.status}: ${reasonClass(original.reason)}`);
      // That we see it too is worth knowing; its mutants are not.
      if (original.status === 'refused') this.askRefused(id, program, original.reason);
      session.close();
      return;
    }
    let spent = this.ask(session, id, program, program, 0);
    for (let n = 1; n <= this.options.mutants && spent < this.options.work; n++) {
      const other = mutant(new Rng(this.options.seed, 'matrix', id, n), program);
      if (other !== undefined) spent += this.ask(session, id, program, other, n);
    }
    session.close();
  }

  result(): Matrix {
    return {
      counts: { ...this.counts },
      refusedAsTheyAre: { ...this.refused },
      programs: this.programs,
      unusable: { ...this.unusable },
      disagreements: [...this.found.values()].sort(
        (a, b) => a.kind.localeCompare(b.kind) || b.count - a.count || a.reason.localeCompare(b.reason),
      ),
    };
  }

  private skip(reason: string): void {
    this.counts.notChecked++;
    this.unusable[reason] = (this.unusable[reason] ?? 0) + 1;
  }

  private askRefused(id: string, program: Program, reason: string): void {
    const safe = examine(program, this.rules).findings.length === 0;
    this.refused[safe ? 'safe' : 'unsafe']++;
    if (safe) this.note('missed as it is', reason, id, program, program, 0, reason);
  }

  /** Returns the instructions that static safety processed. */
  private ask(session: KernelSession, id: string, program: Program, other: Program, n: number): number {
    const ours = examine(other, this.rules);
    const theirs = session.check(other, { explain: false });
    const safe = ours.findings.length === 0;
    if (theirs.status === 'not checked') this.counts.notChecked++;
    else if (theirs.status === 'accepted') this.counts[safe ? 'safeAccepted' : 'unsafeAccepted']++;
    else this.counts[safe ? 'safeRefused' : 'unsafeRefused']++;
    if (theirs.status === 'accepted' && !safe) {
      const { index, reason } = ours.findings[0]!;
      this.note('alarm', reason, id, program, other, n, `${reason} at ${index}`);
    } else if (theirs.status === 'refused' && safe) {
      const again = session.check(other);
      const why = again.status === 'refused' ? again.reason : theirs.reason;
      this.note('missed', why, id, program, other, n, why);
    }
    return ours.steps;
  }

  private note(
    kind: Disagreement['kind'],
    reason: string,
    id: string,
    program: Program,
    other: Program,
    n: number,
    full: string,
  ): void {
    const name = reasonClass(reason);
    const known = this.found.get(`${kind} ${name}`);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const example = { program: id, mutant: n, reason: full, change: changes(program, other) };
    this.found.set(`${kind} ${name}`, { kind, reason: name, count: 1, example });
  }
}

const MAX_CHANGES = 6;

/** The instructions of the mutant that the program does not have, with their places. */
function changes(program: Program, other: Program): string[] {
  const before = new Map(program.origin.map((o, n) => [o, formatInsn(program.insns[n]!)]));
  const lines = other.insns.flatMap((i, n) => {
    const text = formatInsn(i);
    return before.get(other.origin[n]!) === text ? [] : [`${n}: ${text}`];
  });
  const kept = new Set(other.origin);
  const gone = program.origin.flatMap((o, n) =>
    kept.has(o) ? [] : [`was ${n}: ${formatInsn(program.insns[n]!)}`],
  );
  return [...lines, ...gone].slice(0, MAX_CHANGES);
}

/** Shares, in percent of the loads that the kernel judged. */
export function shares(c: MatrixCounts): { acceptedOfSafe: number; refusedOfAccepted: number } {
  const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole);
  return {
    acceptedOfSafe: percent(c.safeAccepted, c.safeAccepted + c.safeRefused),
    refusedOfAccepted: percent(c.unsafeAccepted, c.safeAccepted + c.unsafeAccepted),
  };
}
