#!/usr/bin/env node
/**
 * The command `k2`.
 *
 *   words --commander--> one of commands/*.ts --import() of what it needs--> floors below --> text or JSON,
 *     exit code
 */
import { Command, CommanderError } from 'commander';
import { PACKAGE_VERSION } from '../base/paths.ts';
import { doctorCommand } from './commands/doctor.ts';
import { baselineCommand } from './commands/experiment/baseline.ts';
import { compareCommand } from './commands/experiment/compare.ts';
import { corpusCommand } from './commands/experiment/corpus.ts';
import { experimentCommand } from './commands/experiment/experiment.ts';
import { learnCommand } from './commands/experiment/learn.ts';
import { reportCommand } from './commands/experiment/report.ts';
import { reproduceCommand } from './commands/experiment/reproduce.ts';
import { resultsCommand } from './commands/experiment/results.ts';
import { runCommand } from './commands/experiment/run.ts';
import { workerCommand } from './commands/experiment/worker.ts';
import { kernelCommand } from './commands/kernel/kernel.ts';
import { asmCommand } from './commands/program/asm.ts';
import { checkCommand } from './commands/program/check.ts';
import { costCommand } from './commands/program/cost.ts';
import { disasmCommand } from './commands/program/disasm.ts';
import { execCommand } from './commands/program/exec.ts';
import { explainCommand } from './commands/program/explain.ts';
import { optimizeCommand } from './commands/program/optimize.ts';
import { proofsCommand } from './commands/program/proofs.ts';
import { repairCommand } from './commands/program/repair.ts';
import { verifyCommand } from './commands/program/verify.ts';
import { describeFailure, EXIT_USER } from './failure.ts';

const EXAMPLES = `
Examples:
  k2 optimize prog.o -o prog.small.o          every program of an object, as a drop-in object
  k2 optimize xdp1.insns -o small.insns       raw instructions; .maps and .desc next to them
  k2 explain prog.o                           which parts can be optimized, which cannot, and why
  k2 disasm prog.o --section xdp              print its instructions
  k2 verify prog.o prog.small.o               prove again that both do the same
  k2 proofs check proofs/ --solver cvc5       confirm the proofs of optimize --proofs with another solver
  k2 repair prog.o -o fixed.o                 make load what the kernel refuses although it is safe
  k2 check prog.o --kernel 5.4                check whether that kernel would accept it
  k2 run experiments/quickstart.yaml          run an experiment: a table, and an HTML report
  k2 report results/quickstart -o out/        render the report again
  k2 compare main results/quickstart --fail-on 'size>0,latency>1%'    fail CI on a regression
  k2 corpus list                              list the programs of experiments
  k2 doctor                                   show what this machine can do

Exit codes: 0 success, 1 a check said no, 2 wrong input or options (one paragraph on stderr says which),
3 neither proven nor refuted (verify, check), 70 internal error, 130 interrupted.
Every command takes --json.`;

export function buildProgram(): Command {
  const program = new Command('k2')
    .description('Makes BPF programs smaller or faster, and proves that they still do the same.')
    .version(PACKAGE_VERSION)
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(k2 --help shows examples)')
    .exitOverride();
  const commands = [
    optimizeCommand,
    costCommand,
    explainCommand,
    disasmCommand,
    asmCommand,
    verifyCommand,
    proofsCommand,
    repairCommand,
    checkCommand,
    execCommand,
    kernelCommand,
    runCommand,
    workerCommand,
    reportCommand,
    reproduceCommand,
    compareCommand,
    baselineCommand,
    resultsCommand,
    corpusCommand,
    experimentCommand,
    learnCommand,
    doctorCommand,
  ];
  for (const add of commands) add(program);
  for (const c of all(program)) c.exitOverride();
  return program;
}

function all(command: Command): Command[] {
  return command.commands.flatMap((c) => [c, ...all(c)]);
}

function fail(e: unknown): void {
  if (e instanceof CommanderError) {
    // Help and version are no failures; for the rest commander has said what is wrong.
    process.exitCode = e.exitCode === 0 ? 0 : EXIT_USER;
    return;
  }
  const { text, code } = describeFailure(e);
  process.stderr.write(text);
  process.exitCode = code;
}

process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  // Whoever read our output has seen enough, e.g. `k2 disasm x.o | head`.
  if (e.code === 'EPIPE') process.exit(0);
  fail(e);
});

try {
  await buildProgram().parseAsync();
} catch (e) {
  fail(e);
}
