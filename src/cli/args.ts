/** Readers of command line values, and the options that several commands share. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UserError } from '../base/errors.ts';
import { parseLinux } from '../base/linux.ts';
import { didYouMean, hintFor } from '../base/text.ts';
import { isaName, parseIsa } from '../isa/levels.ts';
import { DEFAULT_MEMORY_MODEL, MEMORY_MODELS } from '../program/contracts/shared-memory.ts';
import { ASSUMPTIONS, type Assumption } from '../program/contracts/values.ts';
import type { HookName } from '../program/tables/hook-types.ts';
import { HOOKS, hookOfSection, isHookName } from '../program/tables/hooks.ts';
import type { Window } from '../verify/types.ts';

export function count(word: string): number {
  const n = Number(word.replaceAll('_', ''));
  if (!Number.isSafeInteger(n) || n < 0)
    throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return n;
}

/** `a,b,c`. */
export function listOfWords(word: string): string[] {
  return word.split(',').filter((w) => w !== '');
}

/** Hours, with decimals. */
export function hours(word: string): number {
  const n = Number(word);
  if (!(n > 0) || !Number.isFinite(n)) throw new InvalidArgumentError('It must be a number above 0.');
  return n;
}

/** A program type, by its own name or by that of a section (`tc`, `cgroup/connect4`). */
export interface ProgramType {
  hook: HookName;
  attachType?: number;
}

export function programType(word: string): ProgramType {
  if (isHookName(word)) return { hook: word };
  const named = hookOfSection(word);
  if (named !== undefined) {
    const { hook, attachType } = named;
    return { hook, ...(attachType === undefined ? {} : { attachType }) };
  }
  const known = Object.keys(HOOKS);
  throw new UserError(
    `there is no program type '${word}'.`,
    '--type',
    didYouMean(word, known) === undefined
      ? `Known: ${known.join(', ')}, and section names such as tc or cgroup/connect4.`
      : hintFor(word, known),
  );
}

export function isa(word: string): string {
  const level = parseIsa(word);
  if (level === undefined) throw new InvalidArgumentError('It must be v1, v2, v3 or v4.');
  return isaName(level);
}

/** Of commands that prove something. */
export function memoryModelOption(): Option {
  return new Option(
    '--memory-model <model>',
    'strict: accesses to memory that others see keep number and order; plain: nobody else changes it (what K2 assumes)',
  )
    .choices(MEMORY_MODELS)
    .default(DEFAULT_MEMORY_MODEL);
}

export function linux(word: string): string {
  if (parseLinux(word) === undefined) throw new InvalidArgumentError('It must be a version such as 5.4.');
  return word;
}

export function shard(word: string): { index: number; of: number } {
  const m = /^(\d+)\/(\d+)$/.exec(word);
  const [index, of] = [Number(m?.[1]), Number(m?.[2])];
  if (m === null || index < 1 || index > of)
    throw new InvalidArgumentError('It must be i/n with 1 <= i <= n.');
  return { index, of };
}

/** `i..j`, the second not included. */
export function slotRange(word: string): { start: number; end: number } {
  const m = /^(\d+)\.\.(\d+)$/.exec(word);
  if (m === null) throw new InvalidArgumentError('It must be i..j, e.g. 4..9.');
  return { start: Number(m[1]), end: Number(m[2]) };
}

/** The same, repeated. */
export function slotRanges(word: string, before: readonly Window[] = []): Window[] {
  return [...before, slotRange(word)];
}

/** `steps=N`, or `fast` for none. */
export function budget(word: string): number {
  if (word === 'fast') return 0;
  const m = /^steps=([\d_]+)$/.exec(word);
  if (m === null) throw new InvalidArgumentError('It must be steps=N, or fast.');
  return count(m[1] as string);
}

export interface WhichPrograms {
  type?: ProgramType;
  section?: string;
  assume?: Assumption[];
}

function assumption(word: string, before: readonly Assumption[] = []): Assumption[] {
  const known = ASSUMPTIONS.find((a) => a === word);
  if (known === undefined) throw new InvalidArgumentError(`It must be ${ASSUMPTIONS.join(' or ')}.`);
  return [...before, known];
}

/** `--type` and `--section`: which programs of a file, and what they are. */
export function whichPrograms(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--type <hook>',
        'program type, where section, .desc and BTF do not tell (xdp, sched_cls, or a section name)',
      ).argParser(programType),
    )
    .option('--section <name>', 'only programs of this section, or with this function name')
    .addOption(
      new Option(
        '--assume <fact>',
        'what nobody guarantees and yet holds: rodata=final, no loader sets variables of .rodata; repeatable',
      ).argParser(assumption),
    );
}
