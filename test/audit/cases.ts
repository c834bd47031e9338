/**
 * Rewrites of windows in whole programs, as data (cases/*.txt): blocks separated by lines of dashes,
 *
 *     name: what is tried
 *     expect: wrong (any verdict but equivalent), equivalent
 *     hook: xdp                       or any other
 *     program:                        `{` and `}` stand alone around the window; labels may be anywhere but
 *                                     between
 *       r0 = 1                        the window and what surrounds it when only one side uses them
 *       {
 *       r0 = 2
 *       }
 *       exit
 *     target:
 *       w0 = 2
 *
 * A line that ends in `; pinned` has a value that is final only at load time. Maps: 0 array (4 -> 32 bytes, 4
 * entries), 1 hash (8 -> 16 bytes), 2 perf event array, 3 program array. `sub NAME` on a line of its own
 * begins a function.
 */
import { assemble, type Insn } from '../../src/isa/index.ts';
import type { FunctionRange, Program } from '../../src/program/program.ts';
import type { HookName } from '../../src/program/tables/hook-types.ts';
import type { Window } from '../../src/verify/types.ts';
import { type Block, readBlocks } from '../verify/blocks.ts';

export interface Case {
  name: string;
  expect: 'wrong' | 'equivalent';
  program: Program;
  window: Window;
  target: Insn[];
}

const MAPS: Program['maps'] = [
  { name: 'arr', type: 2, keySize: 4, valueSize: 32, maxEntries: 4, flags: 0 },
  { name: 'hash', type: 1, keySize: 8, valueSize: 16, maxEntries: 16, flags: 0 },
  { name: 'events', type: 4, keySize: 4, valueSize: 4, maxEntries: 4, flags: 0 },
  { name: 'progs', type: 3, keySize: 4, valueSize: 4, maxEntries: 4, flags: 0 },
];

function parse(block: Block): Case {
  const { file } = block;
  const code = (section: string): string[] => block.code(section).map((l) => l.trim());
  const name = block.field('name');
  const expect = block.field('expect') as Case['expect'];
  if (name === '' || !['wrong', 'equivalent'].includes(expect)) throw new Error(`${file}: ${block.text}`);
  const lines: string[] = [];
  const starts: [string, number][] = [['main', 0]];
  const edges: number[] = [];
  const pinned: number[] = [];
  for (const line of code('program').filter((l) => l !== '')) {
    const sub = /^sub (\w+)$/.exec(line)?.[1];
    if (sub !== undefined) {
      starts.push([sub, lines.length]);
      lines.push(`${sub}:`);
    } else if (line === '{' || line === '}') edges.push(lines.length);
    else {
      if (/;\s*pinned$/.test(line)) pinned.push(lines.length);
      lines.push(line.replace(/;\s*pinned$/, ''));
    }
  }
  const isCode = (line: string): boolean => !/^\w+:$/.test(line);
  const place = (line: number): number => lines.slice(0, line).filter(isCode).length;
  const insns = assemble(lines.join('\n'));
  const functions: FunctionRange[] = starts.map(([n, at], k) => ({
    name: n,
    start: place(at),
    end: k + 1 < starts.length ? place(starts[k + 1]![1]) : insns.length,
  }));
  const window = { start: place(edges[0]!), end: place(edges[1]!) };
  // The target is assembled in its place, so that it can name labels outside.
  const around = [...lines.slice(0, edges[0]), ...code('target'), ...lines.slice(edges[1])];
  const count = code('target').filter((l) => l !== '' && isCode(l)).length;
  const all = assemble(around.join('\n'));
  const target = all.slice(window.start, window.start + count);
  const program: Program = {
    name,
    section: '',
    hook: (block.field('hook') || 'xdp') as HookName,
    license: 'GPL',
    insns,
    functions,
    maps: MAPS,
    origin: insns.map((_, i) => i),
    pinned: new Map(pinned.map((at) => [place(at), 'CO-RE relocation'])),
    provenance: { file, sha256: '' },
  };
  return { name, expect, program, window, target };
}

export function loadCases(dir = new URL('./cases/', import.meta.url)): Case[] {
  return readBlocks(dir, ['program', 'target']).map(parse);
}
