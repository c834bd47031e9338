/** `k2 kernel`: the running kernel's load verdicts, runs and times. */
import type { Command } from 'commander';
import { checkCommand } from './check.ts';
import { diffCommand } from './diff.ts';
import { truthCommands } from './fuzz.ts';
import { matrixCommand } from './matrix.ts';
import { timeCommands } from './time.ts';
import { vmCommand } from './vm.ts';

export function kernelCommand(program: Command): void {
  const group = program
    .command('kernel')
    .description('use the running kernel (needs root); nothing is attached');
  checkCommand(group);
  vmCommand(group);
  diffCommand(group);
  timeCommands(group);
  truthCommands(group);
  matrixCommand(group);
}
