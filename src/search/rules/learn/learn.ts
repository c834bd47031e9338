/**
 * Rules from rewrites that were accepted somewhere.
 *
 *   1  examples: straight code, without what both sides begin and end with
 *   2  letters for registers and numbers
 *   3  the conditions that it takes, and the proof
 *   4  the same of shorter parts, which are more general
 *   5  without rules that another one covers
 *
 * Step 3 asks the verifier for every instance (proof/cases.ts). An instance that is wrong tells which
 * condition is missing: registers that must differ, a register that must be dead, memory that must be
 * private, alignment. What is still wrong after a few of those, or unknown, is no rule.
 */
import { formatInsn } from '../../../isa/disasm.ts';
import { sizeInSlots } from '../../../isa/insn.ts';
import type { WindowVerifier } from '../../../verify/index.ts';
import { registersOf } from '../lines.ts';
import type { Form } from '../rule.ts';
import { type Example, exampleOf, ownRegisters, shorter } from './example.ts';
import { generalised } from './generalise.ts';
import { provenConditions } from './refine.ts';
import { covers } from './subsume.ts';

export interface Rewritten {
  before: readonly string[];
  after: readonly string[];
}

export interface Learned {
  text: string;
  form: Form;
  /** The shortest example that it was made of. */
  example: Example;
  /** Rewrites that it stands for. */
  count: number;
}

export interface LearnStats {
  rewrites: number;
  examples: number;
  proven: number;
  kept: number;
}

export function learn(
  rewrites: readonly Rewritten[],
  verifier: Pick<WindowVerifier, 'checkIn'>,
  onProgress: (done: number, of: number) => void = () => {},
): { learned: Learned[]; stats: LearnStats } {
  const examples = new Map<string, { example: Example; count: number }>();
  for (const { before, after } of rewrites) {
    const example = exampleOf(before, after);
    if (example === undefined) continue;
    // The same but for registers is one.
    const key = keyOf(example);
    const known = examples.get(key);
    examples.set(key, { example: known?.example ?? example, count: (known?.count ?? 0) + 1 });
  }
  // Short ones first: they cover others.
  const list = [...examples.values()].sort(
    (a, b) => a.example.before.length - b.example.before.length || b.count - a.count,
  );
  const found: Learned[] = [];
  let proven = 0;
  for (const [n, { example, count }] of list.entries()) {
    onProgress(n, list.length);
    const known = found.find(({ form }) => covers(form, example));
    if (known !== undefined) {
      known.count += count;
      continue;
    }
    const made = shortest(example, verifier);
    if (made === undefined) continue;
    proven++;
    const older = found.find(({ form }) => covers(form, made.example));
    if (older !== undefined) older.count += count;
    else found.push({ ...made, count });
  }
  const learned = found.filter(
    (a) => !found.some((b) => a !== b && covers(b.form, a.example) && !covers(a.form, b.example)),
  );
  return {
    learned: learned.sort((a, b) => b.count - a.count),
    stats: { rewrites: rewrites.length, examples: list.length, proven, kept: learned.length },
  };
}

function keyOf(example: Example): string {
  const lines = generalised(example, 'none');
  return lines === undefined ? '' : `${lines.source.join(';')}=>${lines.target.join(';')}`;
}

type Made = Pick<Learned, 'text' | 'form' | 'example'>;

/** The rule of the shortest part of an example that is right by itself. */
function shortest(example: Example, verifier: Pick<WindowVerifier, 'checkIn'>): Made | undefined {
  for (const less of shorter(example)) {
    const made = shortest(less, verifier);
    if (made !== undefined) return made;
  }
  for (const own of ownRegisters(example))
    for (const numbers of ['all', 'offsets'] as const) {
      const lines = generalised(own, numbers);
      if (lines === undefined) continue;
      const proven = provenConditions(lines, verifier);
      // Taking out what nobody reads needs no rule.
      if (proven !== undefined && !hasDeadCode(proven.form)) return { ...proven, example: own };
    }
  return undefined;
}

/** Does the source compute something that neither it nor anybody else reads? */
function hasDeadCode({ source, given }: Form): boolean {
  const dead = given.flatMap((g) => (g.kind === 'dead' ? [g.register] : []));
  return dead.some((register) => {
    const last = source.findLastIndex((line) => line.kind === 'insn' && line.dst === register);
    return !source.slice(last + 1).some((line) => registersOf(line).includes(`${register}`));
  });
}

/** Rules as a file, those that were found most often first. */
export function rulesText(learned: readonly Learned[], heading: string): string {
  const rules = learned.map(({ text, example, count }, n) => {
    const [from, to] = [example.before, example.after].map((list) =>
      list.map((i) => formatInsn(i)).join('; '),
    );
    const saved = sizeInSlots(example.before) - sizeInSlots(example.after);
    const times = count === 1 ? 'once' : `${count} times`;
    return `rule learned-${n + 1}\n  Found ${times}, saves ${saved}: \`${from}\` is \`${to}\`.\n${text}\n`;
  });
  return `${heading}\n\n${rules.join('\n')}`;
}
