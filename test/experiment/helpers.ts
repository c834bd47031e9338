import { assemble } from '../../src/isa/asm/asm.ts';
import type { Program } from '../../src/program/program.ts';

/** A program of one function without maps, from text. */
export function program(text: string, hook: Program['hook'] = 'xdp'): Program {
  const insns = assemble(text);
  return {
    name: 'p',
    section: 'xdp',
    hook,
    license: '',
    insns,
    functions: [{ name: 'p', start: 0, end: insns.length }],
    maps: [],
    origin: insns.map((_, i) => i),
    pinned: new Map(),
    provenance: { file: 'p.o', sha256: 'abc' },
  };
}
