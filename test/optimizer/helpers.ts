import type { Insn } from '../../src/isa/insn.ts';
import type { MapDef, Program } from '../../src/program/program.ts';
import type { HookName } from '../../src/program/tables/hook-types.ts';

/** A program of one function around an instruction list. */
export function programOf(insns: readonly Insn[], hook: HookName, maps: readonly MapDef[] = []): Program {
  return {
    name: 'test',
    section: '',
    hook,
    license: 'GPL',
    insns,
    functions: [{ name: 'test', start: 0, end: insns.length }],
    maps,
    origin: insns.map((_, index) => index),
    pinned: new Map(),
    provenance: { file: 'test', sha256: '' },
  };
}
