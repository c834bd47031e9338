/** Small programs for the tests, written as text. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemble } from '../../src/isa/asm/asm.ts';
import { calleeOf } from '../../src/isa/flow.ts';
import type { Insn } from '../../src/isa/insn.ts';
import type { MapDef, Program } from '../../src/program/program.ts';
import { readRawFile } from '../../src/program/raw/raw.ts';
import { helperByName } from '../../src/program/tables/helpers.ts';
import type { HookName } from '../../src/program/tables/hook-types.ts';
import { isHookName } from '../../src/program/tables/hooks.ts';
import { MapTypeId } from '../../src/program/tables/maps.ts';

export function map(
  type: keyof typeof MapTypeId,
  keySize: number,
  valueSize: number,
  maxEntries = 4,
): MapDef {
  return { name: type.toLowerCase(), type: MapTypeId[type], keySize, valueSize, maxEntries, flags: 0 };
}

/** Maps of the texts: m[array] has 8-byte values, m[hash] 16-byte keys. */
export const MAPS: readonly MapDef[] = [map('ARRAY', 4, 8), map('HASH', 16, 24), map('ARRAY_OF_MAPS', 4, 4)];

export function programOf(insns: readonly Insn[], hook: HookName = 'xdp', maps = MAPS): Program {
  const starts = new Set([0]);
  for (let n = 0; n < insns.length; n++) {
    const callee = calleeOf(insns, n);
    if (callee !== undefined) starts.add(callee);
  }
  const sorted = [...starts].sort((a, b) => a - b);
  return {
    name: 'test',
    section: '',
    hook,
    license: 'GPL',
    insns,
    functions: sorted.map((start, n) => ({ name: `f${n}`, start, end: sorted[n + 1] ?? insns.length })),
    maps,
    origin: insns.map((_, n) => n),
    pinned: new Map(),
    provenance: { file: 'test', sha256: '' },
  };
}

/** A program from text; `map[array]`, `map[hash]` and `map[array_of_maps]` are `MAPS`. */
export function text(source: string, hook: HookName = 'xdp'): Program {
  const insns = assemble(source, {
    helper: (name) => helperByName(name)?.id,
    map: (name) => MAPS.findIndex((m) => m.name === name),
  });
  return programOf(insns, hook);
}

const SHARED = process.env.K2_SHARED ?? '../shared';
const CORPUS = join(SHARED, 'corpora', 'k2-paper');
export const hasPaperPrograms = existsSync(join(CORPUS, 'manifest.json'));

/** The paper's programs at -O2, where the shared folder has them. */
export function paperPrograms(): { name: string; program: Program }[] {
  if (!hasPaperPrograms) return [];
  const manifest = JSON.parse(readFileSync(join(CORPUS, 'manifest.json'), 'utf8')) as {
    name: string;
    programType: string;
    files: Record<string, string>;
  }[];
  return manifest.map(({ name, programType, files }) => {
    const file = Object.keys(files).find((f) => f.startsWith('O2/') && f.endsWith('.insns'))!;
    const hook = isHookName(programType) ? programType : undefined;
    return { name, program: readRawFile(join(CORPUS, file), { hook }) };
  });
}
