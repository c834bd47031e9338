/** Rewrites of whole programs that change nothing, each from a seed. */

import type { Rng } from '../../src/base/random.ts';
import { splice } from '../../src/isa/edit.ts';
import { fallsThrough, jumpTarget, slotOffsets } from '../../src/isa/flow.ts';
import { type Insn, insn, nop, OP_JA, slotsOf } from '../../src/isa/insn.ts';
import { opNamed, specOf } from '../../src/isa/semantics.ts';
import type { Program } from '../../src/program/program.ts';

export type Transform = (p: Program, rng: Rng) => Program;

function withCode(p: Program, insns: readonly Insn[]): Program {
  return {
    ...p,
    insns,
    functions: [{ name: p.name, start: 0, end: insns.length }],
    origin: insns.map(() => -1),
  };
}

/** A permutation of r6 to r9, which no call touches (ld_abs wants the context in r6). */
function renamed(p: Program, rng: Rng): Program {
  const fixed = p.insns.some((i) => specOf(i)?.kind === 'ldabs');
  const from = fixed ? [7, 8, 9] : [6, 7, 8, 9];
  const to = [...from];
  while (to.every((r, k) => r === from[k])) {
    for (let k = to.length - 1; k > 0; k--) {
      const j = rng.below(k + 1);
      [to[k], to[j]] = [to[j]!, to[k]!];
    }
  }
  const name = (r: number): number => to[from.indexOf(r)] ?? r;
  return withCode(
    p,
    p.insns.map((i) => {
      const kind = specOf(i)?.kind;
      const pseudo = kind === 'call' || kind === 'ldimm64';
      return { ...i, dst: name(i.dst), src: pseudo ? i.src : name(i.src) };
    }),
  );
}

function withNops(p: Program, rng: Rng): Program {
  let insns: Insn[] = [...p.insns];
  for (let k = 0; k < 5; k++) insns = splice(insns, rng.below(insns.length), 0, [nop()]);
  return withCode(p, insns);
}

const MIRROR: Readonly<Record<string, string>> = {
  jeq: 'jeq',
  jne: 'jne',
  jset: 'jset',
  jgt: 'jlt',
  jlt: 'jgt',
  jge: 'jle',
  jle: 'jge',
  jsgt: 'jslt',
  jslt: 'jsgt',
  jsge: 'jsle',
  jsle: 'jsge',
};
const COMMUTES = ['add64.x', 'or64.x', 'and64.x', 'xor64.x', 'mul64.x'];

/** Operands of comparisons swapped, and `d = a; d op= b` turned into `d = b; d op= a`. */
function commuted(p: Program): Program {
  const targets = new Set(p.insns.map((_, n) => jumpTarget(p.insns, n)));
  const insns = p.insns.map((i) => ({ ...i }));
  insns.forEach((i, n) => {
    const spec = specOf(i);
    if (spec?.kind === 'jump' && spec.operand === 'X') {
      const [, name, width] = /^(j[a-z]+?)(32|64)/.exec(spec.name)!;
      insns[n] = { ...i, op: opNamed(`${MIRROR[name!]}${width}.x`).op, dst: i.src, src: i.dst };
    }
    const next = insns[n + 1];
    const isCopy = spec?.name === 'mov64.x' && i.dst !== i.src;
    if (!isCopy || next === undefined || next.dst !== i.dst || next.src === i.dst || targets.has(n + 1))
      return;
    if (!COMMUTES.includes(specOf(next)?.name ?? '')) return;
    [i.src, next.src] = [next.src, i.src];
  });
  return withCode(p, insns);
}

/** Independent neighbours change places. */
function swapped(p: Program, rng: Rng): Program {
  const targets = new Set(p.insns.map((_, n) => jumpTarget(p.insns, n)));
  const insns = [...p.insns];
  for (let n = 0; n + 1 < insns.length; n++) {
    const [x, y] = [insns[n]!, insns[n + 1]!];
    const plain = [x, y].every((i) => {
      const spec = specOf(i);
      return spec?.kind === 'alu' && spec.operand !== 'none';
    });
    const uses = (i: Insn): number[] =>
      (specOf(i) as { operand: string }).operand === 'X' ? [i.dst, i.src] : [i.dst];
    if (!plain || targets.has(n + 1) || uses(x).includes(y.dst) || uses(y).includes(x.dst)) continue;
    if (rng.chance(0.8)) [insns[n], insns[n + 1]] = [y, x];
  }
  return withCode(p, insns);
}

/** Blocks after the first in a random order, with jumps where control fell through. */
function reordered(p: Program, rng: Rng): Program {
  const offsets = slotOffsets(p.insns);
  const starts = new Set([0]);
  p.insns.forEach((i, n) => {
    const t = jumpTarget(p.insns, n, offsets);
    if (t !== undefined) starts.add(t);
    const kind = specOf(i)?.kind;
    if ((kind === 'jump' || kind === 'goto' || kind === 'exit') && n + 1 < p.insns.length) starts.add(n + 1);
  });
  const sorted = [...starts].sort((a, b) => a - b);
  const blocks = sorted.map((start, k) => ({ start, end: sorted[k + 1] ?? p.insns.length }));
  const rest = blocks.slice(1);
  for (let k = rest.length - 1; k > 0; k--) {
    const j = rng.below(k + 1);
    [rest[k], rest[j]] = [rest[j]!, rest[k]!];
  }
  // Old index -> slot in the new layout; then distances.
  const code: { i: Insn; to: number | undefined }[] = [];
  const slotOf = new Map<number, number>();
  let slot = 0;
  const push = (i: Insn, to: number | undefined): void => {
    code.push({ i, to });
    slot += slotsOf(i);
  };
  for (const b of [blocks[0]!, ...rest]) {
    for (let n = b.start; n < b.end; n++) {
      slotOf.set(n, slot);
      push(p.insns[n]!, jumpTarget(p.insns, n, offsets));
    }
    if (fallsThrough(p.insns[b.end - 1]!)) push(insn(OP_JA), b.end);
  }
  let at = 0;
  const insns = code.map(({ i, to }) => {
    const here = at;
    at += slotsOf(i);
    return to === undefined ? i : { ...i, off: slotOf.get(to)! - here - 1 };
  });
  return withCode(p, insns);
}

const LONGEST_COPY = 24;

/** What a jump leads to, up to the next exit or goto, stands once more at the end, for that jump alone. */
export function tailCopied(p: Program, rng: Rng): Program {
  const offsets = slotOffsets(p.insns);
  const leaves = (n: number): boolean => !fallsThrough(p.insns[n]!);
  const copies = p.insns.flatMap((_, jump) => {
    const start = jumpTarget(p.insns, jump, offsets);
    if (start === undefined) return [];
    let end = start + 1;
    while (end < p.insns.length && !leaves(end - 1)) end++;
    return leaves(end - 1) && end - start <= LONGEST_COPY ? [{ jump, start, end }] : [];
  });
  if (copies.length === 0) return p;
  const { jump, start, end } = rng.pick(copies);
  const total = offsets[p.insns.length]!;
  const insns = p.insns.map((i, n) => (n === jump ? { ...i, off: total - offsets[n]! - 1 } : i));
  for (let n = start; n < end; n++) {
    const to = jumpTarget(p.insns, n, offsets);
    const here = total + offsets[n]! - offsets[start]!;
    insns.push(to === undefined ? p.insns[n]! : { ...p.insns[n]!, off: offsets[to]! - here - 1 });
  }
  return withCode(p, insns);
}

export const TRANSFORMS: Readonly<Record<string, Transform>> = {
  'registers renamed': renamed,
  'NOPs inserted': withNops,
  'operands commuted': commuted,
  'neighbours swapped': swapped,
  'blocks reordered': reordered,
  'a tail copied': tailCopied,
};
