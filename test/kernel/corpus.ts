/**
 * The 19 programs of the K2 paper, read with as little code as possible: nothing here depends on the file
 * readers.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decode } from '../../src/isa/codec.ts';
import type { MapDef, Program } from '../../src/program/program.ts';
import { PAPER } from '../vm/support/programs.ts';

const shared = process.env.K2_SHARED ?? resolve(import.meta.dirname, '../../../shared');
export const paperFolder = join(shared, 'corpora/k2-paper/O2');
export const hasPaper = existsSync(paperFolder);

const UDP4_RECVMSG = 19;

function parseMaps(text: string): MapDef[] {
  return text
    .split('\n')
    .filter((l) => l.includes('{'))
    .map((line) => {
      const n = (field: string): number => Number(new RegExp(`\\b${field} = (\\d+)`).exec(line)?.[1] ?? 0);
      const def: MapDef = {
        name: line.split(' ')[0]!,
        type: n('type'),
        keySize: n('key_size'),
        valueSize: n('value_size'),
        maxEntries: n('max_entries'),
        flags: 0,
      };
      return def;
    });
}

export function paperNames(): string[] {
  if (!hasPaper) return [];
  return readdirSync(paperFolder)
    .filter((f) => f.endsWith('.insns'))
    .map((f) => f.slice(0, -'.insns'.length))
    .sort();
}

export function paperProgram(name: string): Program {
  const decoded = decode(readFileSync(join(paperFolder, `${name}.insns`)));
  if (!decoded.ok) throw new Error(decoded.reason);
  const { insns } = decoded;
  const hook = PAPER[name] ?? 'xdp';
  return {
    name,
    section: '',
    hook,
    ...(hook === 'cgroup_sock_addr' ? { attachType: UDP4_RECVMSG } : {}),
    license: 'GPL',
    insns,
    functions: [{ name, start: 0, end: insns.length }],
    maps: parseMaps(readFileSync(join(paperFolder, `${name}.maps`), 'utf8')),
    origin: insns.map((_, i) => i),
    pinned: new Map(),
    provenance: { file: name, sha256: '' },
  };
}

/** A program without maps, for tests. */
export function xdpProgram(insns: Program['insns'], maps: readonly MapDef[] = []): Program {
  return {
    name: 'test',
    section: 'xdp',
    hook: 'xdp',
    license: 'GPL',
    insns,
    functions: [{ name: 'test', start: 0, end: insns.length }],
    maps,
    origin: insns.map((_, i) => i),
    pinned: new Map(),
    provenance: { file: 'test', sha256: '' },
  };
}
