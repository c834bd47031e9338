/**
 * Wrong rewrites, planted: single changes of real programs, by kind of mistake. Whether one is wrong is found
 * out by running both versions, not by believing this file.
 */

import type { Rng } from '../../src/base/random.ts';
import { jumpTarget } from '../../src/isa/flow.ts';
import { type Insn, isNop, nop } from '../../src/isa/insn.ts';
import { OPS, specOf } from '../../src/isa/semantics.ts';
import { pinOf, replaceRange } from '../../src/program/edit.ts';
import type { Program } from '../../src/program/program.ts';

/** What replaces instruction `n`; undefined when the mistake cannot be made there. */
type Mistake = (insns: readonly Insn[], n: number, rng: Rng, p: Program) => readonly Insn[] | undefined;

function nameOf(i: Insn): string {
  return specOf(i)?.name ?? '';
}

/** The same instruction with another row of the semantics table. */
function as(i: Insn, name: string): Insn | undefined {
  const row = OPS.find((o) => o.name === name);
  return row && { ...i, op: row.op, off: row.kind === 'alu' ? (row.off ?? 0) : i.off };
}

/** Replaces the row's name. */
function renamed(pattern: RegExp, by: (m: RegExpExecArray, rng: Rng) => string): Mistake {
  return (insns, n, rng) => {
    const m = pattern.exec(nameOf(insns[n]!));
    const other = m === null ? undefined : as(insns[n]!, by(m, rng));
    return other && [other];
  };
}

function changed(
  kinds: readonly string[],
  change: (i: Insn, rng: Rng) => Partial<Insn> | undefined,
): Mistake {
  return (insns, n, rng) => {
    const i = insns[n]!;
    const spec = specOf(i);
    if (spec === undefined || !kinds.includes(spec.kind) || isNop(i)) return undefined;
    const by = change(i, rng);
    return by && [{ ...i, ...by }];
  };
}

const NARROWER: Readonly<Record<string, string>> = { dw: 'w', w: 'h', h: 'b' };
const WIDER: Readonly<Record<string, string>> = { b: 'h', h: 'w', w: 'dw' };
const SIGNED: Readonly<Record<string, string>> = { jgt: 'jsgt', jge: 'jsge', jlt: 'jslt', jle: 'jsle' };
const STRICT: Readonly<Record<string, string>> = {
  jgt: 'jge',
  jge: 'jgt',
  jlt: 'jle',
  jle: 'jlt',
  jsgt: 'jsge',
  jeq: 'jset',
};
const INVERSE: Readonly<Record<string, string>> = {
  jeq: 'jne',
  jne: 'jeq',
  jgt: 'jle',
  jle: 'jgt',
  jge: 'jlt',
  jlt: 'jge',
};
const OTHER_OP: Readonly<Record<string, string>> = {
  add: 'sub',
  sub: 'add',
  or: 'xor',
  and: 'or',
  xor: 'add',
  lsh: 'rsh',
  rsh: 'lsh',
  mul: 'add',
  div: 'mod',
  mod: 'div',
};

/** True for `if rX == 0` and its opposite. */
function isNullTest(i: Insn): boolean {
  return /^j(eq|ne)64\.k$/.test(nameOf(i)) && i.imm === 0;
}

function dropped(which: (i: Insn) => boolean): Mistake {
  return (insns, n) => (which(insns[n]!) && !isNop(insns[n]!) ? [nop()] : undefined);
}

function swappedIf(which: (x: Insn, y: Insn) => boolean): Mistake {
  return (insns, n) => {
    const [x, y] = [insns[n]!, insns[n + 1]];
    if (y === undefined || insns.some((_, k) => jumpTarget(insns, k) === n + 1)) return undefined;
    return which(x, y) ? [y, x] : undefined;
  };
}

const kindOf = (i: Insn): string => specOf(i)?.kind ?? '';
const isPlain = (i: Insn): boolean => ['alu', 'load', 'store', 'ldimm64'].includes(kindOf(i));

export const MISTAKES: Readonly<Record<string, Mistake>> = {
  'load too narrow': renamed(/^ldx\.(dw|w|h)$/, (m) => `ldx.${NARROWER[m[1]!]}`),
  'load too wide': renamed(/^ldx\.(w|h|b)$/, (m) => `ldx.${WIDER[m[1]!]}`),
  'load with the wrong sign': renamed(/^ldx\.(w|h|b)$/, (m) => `ldxsx.${m[1]}`),
  'store too narrow': renamed(/^(stx|st)\.(dw|w|h)$/, (m) => `${m[1]}.${NARROWER[m[2]!]}`),
  'store too wide': renamed(/^(stx|st)\.(w|h|b)$/, (m) => `${m[1]}.${WIDER[m[2]!]}`),
  'store lost': dropped((i) => kindOf(i) === 'store'),
  'order of dependent stores and loads': swappedIf(
    (x, y) =>
      [x, y].every((i) => ['load', 'store'].includes(kindOf(i))) && [x, y].some((i) => kindOf(i) === 'store'),
  ),
  'order of dependent instructions': swappedIf((x, y) => isPlain(x) && isPlain(y)),
  'half of a 64-bit operation': renamed(
    /^(add|sub|or|and|xor|lsh|rsh|arsh|mul)64\.(x|k)$/,
    (m) => `${m[1]}32.${m[2]}`,
  ),
  'half of a copy': renamed(/^mov64\.x$/, () => 'mov32.x'),
  'sign extension for zero extension': renamed(
    /^mov64\.x$/,
    (_, rng) => `movsx${rng.pick([8, 16, 32])}_64.x`,
  ),
  'arithmetic for logical shift': renamed(/^rsh(32|64)\.(x|k)$/, (m) => `arsh${m[1]}.${m[2]}`),
  'wrong operation': renamed(
    /^([a-z]+)(32|64)\.(x|k)$/,
    (m) => `${OTHER_OP[m[1]!] ?? 'none'}${m[2]}.${m[3]}`,
  ),
  'wrong constant': changed(['alu', 'store', 'jump'], (i, rng) =>
    (i.op & 8) === 0 || kindOf(i) === 'store' ? { imm: (i.imm ^ (1 << rng.below(16))) | 0 } : undefined,
  ),
  'wrong byte order': renamed(/^be(16|32)$/, (m) => `le${m[1]}`),
  'byte swap too wide': changed(['alu'], (i) =>
    i.op === 0xdc && i.imm < 64 ? { imm: i.imm * 2 } : undefined,
  ),
  'wrong offset': changed(['load', 'store'], (i, rng) => ({
    off: i.off + rng.pick([-8, -4, -2, -1, 1, 2, 4, 8]),
  })),
  'wrong register read': changed(['alu', 'store', 'load', 'jump'], (i, rng) =>
    (i.op & 8) !== 0 || kindOf(i) === 'load' ? { src: rng.below(11) } : undefined,
  ),
  'wrong register written': changed(['alu', 'load', 'ldimm64'], (_, rng) => ({ dst: rng.below(10) })),
  'branch inverted': renamed(
    /^(j[a-z]+)(32|64)\.(x|k)$/,
    (m) => `${INVERSE[m[1]!] ?? 'none'}${m[2]}.${m[3]}`,
  ),
  'branch with the wrong sign': renamed(
    /^(j[a-z]+)(32|64)\.(x|k)$/,
    (m) => `${SIGNED[m[1]!] ?? 'none'}${m[2]}.${m[3]}`,
  ),
  'branch off by one': renamed(
    /^(j[a-z]+)(32|64)\.(x|k)$/,
    (m) => `${STRICT[m[1]!] ?? 'none'}${m[2]}.${m[3]}`,
  ),
  'branch of the wrong width': renamed(/^(j[a-z]+)64\.(x|k)$/, (m) => `${m[1]}32.${m[2]}`),
  'branch lost': dropped((i) => kindOf(i) === 'jump' && !isNullTest(i)),
  'branch to the wrong place': changed(['jump', 'goto'], (i, rng) => ({ off: i.off + rng.pick([-1, 1, 2]) })),
  'NULL check lost': dropped(isNullTest),
  'NULL check always taken': (insns, n) =>
    isNullTest(insns[n]!) ? [{ ...nop(), off: insns[n]!.off }] : undefined,
  'call lost': dropped((i) => kindOf(i) === 'call'),
  'wrong map': (insns, n, rng, p) => {
    const i = insns[n]!;
    if (kindOf(i) !== 'ldimm64' || i.src !== 1 || p.maps.length < 2) return undefined;
    return [{ ...i, imm: (i.imm + 1 + rng.below(p.maps.length - 1)) % p.maps.length }];
  },
  'atomic operation of the wrong width': renamed(/^atomic\.add\.dw$/, () => 'atomic.add.w'),
  'instruction lost': dropped((i) => isPlain(i)),
};

/** A program with one mistake of a kind, or undefined when the drawn place does not allow it. */
export function plant(p: Program, mistake: Mistake, rng: Rng): Program | undefined {
  const n = rng.below(p.insns.length);
  const by = mistake(p.insns, n, rng, p);
  if (by === undefined || pinOf(p, n) !== undefined) return undefined;
  // The same number of slots: an instruction of two is replaced by itself only.
  const slots = (list: readonly Insn[]): number => list.reduce((sum, i) => sum + (i.op === 0x18 ? 2 : 1), 0);
  const old = p.insns.slice(n, n + by.length);
  if (slots(old) !== slots(by)) return undefined;
  const insns = [...p.insns];
  insns.splice(n, by.length, ...by);
  return { ...p, insns };
}

/**
 * An atomic addition as a load, an addition and a store. No run by itself shows that this is wrong; another
 * CPU's addition between load and store is lost.
 */
export function withSplitAtomic(p: Program, rng: Rng): Program | undefined {
  const places = p.insns.flatMap((i, n) => (/^atomic\.add\.(dw|w)$/.test(nameOf(i)) ? [n] : []));
  if (places.length === 0) return undefined;
  const n = rng.pick(places);
  const i = p.insns[n]!;
  const free = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((r) => r !== i.dst && r !== i.src);
  const r = rng.pick(free);
  const size = nameOf(i).endsWith('dw') ? 'dw' : 'w';
  const op = (name: string): number => OPS.find((o) => o.name === name)!.op;
  const split = [
    { ...i, op: op(`ldx.${size}`), dst: r, src: i.dst, imm: 0 },
    { ...i, op: op(size === 'dw' ? 'add64.x' : 'add32.x'), dst: r, off: 0, imm: 0 },
    { ...i, op: op(`stx.${size}`), src: r, imm: 0 },
  ];
  return replaceRange(p, n, n + 1, split);
}
