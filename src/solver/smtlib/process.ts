/**
 * Any SMT-LIB2 solver that is installed (z3, bitwuzla, cvc5, or a path), one process per check. Its word is
 * not taken on trust: known verdicts are asked on first use, and whoever gets a model replays it.
 */
import { spawnSync } from 'node:child_process';
import { TermBuilder } from '../terms/build.ts';
import { Op } from '../terms/ops.ts';
import { type Term, TermStore } from '../terms/terms.ts';
import type { CheckOptions, CheckResult, Solver } from '../types.ts';
import { printGetValue, printScript, readModel } from './smtlib.ts';

interface SolverCommand {
  /** Command line for a budget; the script comes on standard input. */
  args(rlimit: number): string[];
}

/**
 * How each solver is told to read standard input and to stop after a deterministic amount of work, where it
 * can.
 */
const KINDS: Readonly<Record<string, SolverCommand>> = {
  z3: { args: (rlimit) => ['-in', '-smt2', `rlimit=${rlimit}`] },
  cvc5: { args: (rlimit) => ['--lang=smt2', '--produce-models', `--rlimit=${rlimit}`, '-'] },
  bitwuzla: { args: () => ['--lang', 'smt2'] },
};

/** A runaway process is ended after this; the verdict is then unknown. */
const TIMEOUT_MS = 60_000;

export type ProcessSolver = { ok: true; solver: Solver } | { ok: false; reason: string };

/**
 * A solver binary. Fails with a reason when it cannot be started or gets a known verdict wrong.
 * @param command `z3`, `bitwuzla`, `cvc5`, or a path whose last part starts with one of those names
 */
export function processSolver(command: string): ProcessSolver {
  const solver = new Piped(command, kindOf(command));
  const problem = selfTest(solver);
  return problem === undefined ? { ok: true, solver } : { ok: false, reason: `${command}: ${problem}` };
}

function kindOf(command: string): SolverCommand {
  const name = command.split('/').at(-1)!;
  return Object.entries(KINDS).find(([k]) => name.startsWith(k))?.[1] ?? { args: () => [] };
}

/** What a solver binary answers to a script; `out` is all that it printed. */
export type ScriptAnswer = { result: 'sat' | 'unsat'; out: string } | { result: 'unknown'; reason: string };

/** One script, one process. @param rlimit budget in the solver's own resource units, where it has any */
export function answerOf(command: string, script: string, rlimit: number): ScriptAnswer {
  return answerTo(script, command, kindOf(command).args(rlimit));
}

function answerTo(script: string, command: string, args: string[]): ScriptAnswer {
  const r = spawnSync(command, args, {
    input: script,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: 1 << 26,
  });
  const out = r.error === undefined ? r.stdout : '';
  const at = /^(sat|unsat|unknown)\s*$/m.exec(out);
  // A complaint before the answer means that it was asked something else.
  const isClean = at === null || !out.slice(0, at.index).includes('(error');
  const verdict = isClean ? at?.[1] : undefined;
  if (verdict === 'sat' || verdict === 'unsat') return { result: verdict, out };
  const said = verdict === 'unknown' ? 'gave up' : out.trim().slice(0, 200) || 'no answer';
  return { result: 'unknown', reason: r.error?.message ?? said };
}

class Piped implements Solver {
  readonly name: string;
  private readonly kind: SolverCommand;
  constructor(command: string, kind: SolverCommand) {
    this.name = command;
    this.kind = kind;
  }

  check(store: TermStore, assertions: readonly Term[], options: CheckOptions): CheckResult {
    const script = printScript(store, assertions);
    const withModel =
      script.wanted.length > 0 ? `${script.text}${printGetValue(script.wanted)}` : script.text;
    const answer = answerTo(withModel, this.name, this.kind.args(options.rlimit));
    switch (answer.result) {
      case 'unsat':
        return { result: 'unsat', rlimit: 0 };
      case 'sat':
        return { result: 'sat', model: readModel(store, script.wanted, answer.out), rlimit: 0 };
      case 'unknown':
        return { result: 'unknown', reason: answer.reason, rlimit: 0 };
    }
  }

  close(): void {}
}

/** Asks verdicts that are known; the description of the first wrong one, or undefined. */
export function selfTest(solver: Solver): string | undefined {
  const b = new TermBuilder(new TermStore());
  const x = b.store.var('x', 64);
  const y = b.store.var('y', 64);
  const differ = (p: Term, q: Term): Term => b.not(b.eq(p, q));
  const c = (v: bigint): Term => b.const(v, 64);
  const cases: [string, Term, 'sat' | 'unsat'][] = [
    ['~x = -x - 1', differ(b.not(x), b.sub(b.sub(c(0n), x), c(1n))), 'unsat'],
    [
      'x + y = (x ^ y) + 2 (x & y)',
      differ(b.add(x, y), b.add(b.binary(Op.Xor, x, y), b.binary(Op.Shl, b.and(x, y), c(1n)))),
      'unsat',
    ],
    ['x s>> 8 = x >> 8', differ(b.binary(Op.AShr, x, c(8n)), b.binary(Op.LShr, x, c(8n))), 'sat'],
    ['x < y and y < x', b.and(b.binary(Op.ULt, x, y), b.binary(Op.ULt, y, x)), 'unsat'],
    ['low half lost', differ(b.zext(b.extract(x, 0, 32), 64), x), 'sat'],
    ['x / 0 is all ones', differ(b.binary(Op.UDiv, x, c(0n)), c(-1n)), 'unsat'],
    [
      'bytes at equal addresses',
      b.and(b.eq(x, y), differ(b.store.read('m', x), b.store.read('m', y))),
      'unsat',
    ],
    ['bytes at two addresses', differ(b.store.read('m', x), b.store.read('m', y)), 'sat'],
  ];
  for (const [name, assertion, expected] of cases) {
    const r = solver.check(b.store, [assertion], { rlimit: 10_000_000 });
    if (r.result !== expected)
      return `says ${r.result} to "${name}"${r.result === 'unknown' ? ` (${r.reason})` : `, which is ${expected}`}`;
  }
  return undefined;
}
