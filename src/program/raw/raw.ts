/**
 * Raw programs, the format of the K2 paper's benchmarks: `X.insns` (8-byte instructions), beside it `X.maps`
 * and `X.desc`.
 *
 *   .insns bytes --decode, map fds -> indices--> insns  \
 *   .maps  text  --one line per map-->           maps    > Program
 *   .desc  text  --key = number-->               hook   /
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { writeAtomically } from '../../base/atomic-write.ts';
import { UserError } from '../../base/errors.ts';
import { decode, encode, SLOT_BYTES } from '../../isa/codec.ts';
import { calleeOf, referencedSlot, slotOffsets } from '../../isa/flow.ts';
import { type Insn, isNop, OP_CALL, OP_LD_IMM64, PseudoCall, PseudoLd } from '../../isa/insn.ts';
import { structureError } from '../../isa/validate.ts';
import type { Assembly } from '../assembly.ts';
import { withoutNops } from '../edit.ts';
import type { FunctionRange, MapDef, Program } from '../program.ts';
import type { HookName } from '../tables/hook-types.ts';
import { HOOKS, hookOfSection } from '../tables/hooks.ts';
import { MapTypeId } from '../tables/maps.ts';
import { parseDesc, parseMaps, printDesc, printMaps, type RawDesc, type RawMap } from './raw-text.ts';

/** The kernel's limit on the instructions of one program. */
const MAX_SLOTS = 1_000_000;
/** `pgm_input_type` of programs whose r1 points to a `struct xdp_md`. */
const INPUT_XDP = 2;

/** What the user or a corpus knows and the files do not say. */
export interface RawOptions {
  hook?: HookName;
  attachType?: number;
  /** What a corpus knows of a file, by the sha256 of its `.insns`. */
  lookup?: (sha256: string) => RawKnown | undefined;
  /** Changes to maps, by name; `inner` for arrays and hashes of maps. */
  maps?: Readonly<Record<string, Partial<MapDef>>>;
  /** The format has none; some helpers want 'GPL', which is the default. */
  license?: string;
}

export interface RawKnown {
  hook: HookName;
  attachType?: number;
  maps?: Readonly<Record<string, Partial<MapDef>>>;
}

/** The three files. `file` is the name of the `.insns` file, for messages and for the program's name. */
export interface RawInput {
  file: string;
  insns: Uint8Array;
  maps: string;
  desc: string;
}

/**
 * Inner maps that the format cannot express, by the outer map's name: katran's LRU maps, one per CPU, in
 * `xdp-balancer` (struct flow_key: 40 bytes, struct real_pos_lru: 16 bytes).
 */
const KNOWN_INNER: Readonly<Record<string, MapDef>> = {
  lru_mapping: {
    name: 'lru_inner',
    type: MapTypeId.LRU_HASH,
    keySize: 40,
    valueSize: 16,
    maxEntries: 1000,
    flags: 0,
  },
};
const OF_MAPS = [12, 13];

/**
 * Reads `path` (an `.insns` file) and the `.maps` and `.desc` beside it, where they exist.
 * @throws UserError naming the file and what is wrong
 */
export function readRawFile(path: string, options: RawOptions = {}): Program {
  const beside = (ext: string): string => {
    const other = path.replace(/(\.insns)?$/, ext);
    return existsSync(other) ? String(readFile(other)) : '';
  };
  return readRaw(
    { file: path, insns: readFile(path), maps: beside('.maps'), desc: beside('.desc') },
    options,
  );
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code ?? String(e);
    throw new UserError(`cannot be read (${code})`, path, 'Check the path and its permissions.');
  }
}

/**
 * @throws UserError naming the file and the byte offset or line: truncated or unknown instructions, jumps out
 *   of the program, maps that are missing or described wrongly, a program type that cannot be told
 */
export function readRaw(input: RawInput, options: RawOptions = {}): Program {
  const sha256 = createHash('sha256').update(input.insns).digest('hex');
  const name = basename(input.file).replace(/\.insns$/, '');
  const known = options.lookup?.(sha256);
  const desc = parseDesc(input.desc, beside(input.file, '.desc'));
  const rawMaps = parseMaps(input.maps, beside(input.file, '.maps'));
  const insns = withMapIndices(decodeInsns(input), rawMaps, input.file);
  refuseUnlinkedCalls(insns, input.file);
  const problem = structureError(insns);
  if (problem !== undefined) throw new UserError(problem.reason, at(input.file, problem.slot));
  const hook = options.hook ?? known?.hook ?? hookOfDesc(desc, input.file);
  const attachType = options.attachType ?? known?.attachType ?? attachTypeOf(name, hook);
  const maps = rawMaps.map((m) => defineMap(m, { ...known?.maps?.[m.name], ...options.maps?.[m.name] }));
  const missing = maps.filter((m) => OF_MAPS.includes(m.type) && m.inner === undefined).map((m) => m.name);
  return {
    name,
    section: '',
    hook,
    ...(attachType === undefined ? {} : { attachType }),
    license: options.license ?? 'GPL',
    insns,
    functions: functionsOf(insns, name),
    maps,
    origin: insns.map((_, i) => i),
    pinned: new Map(),
    provenance: {
      file: input.file,
      sha256,
      format: 'raw',
      ...(desc.pgm_input_type === undefined ? {} : { pgmInputType: desc.pgm_input_type }),
      ...(desc.max_pkt_sz === undefined ? {} : { maxPktSz: desc.max_pkt_sz }),
      ...(missing.length === 0 ? {} : { note: `no inner map is known for ${missing.join(', ')}` }),
    },
  };
}

/** The three files of a program, without NOPs. Maps are numbered by their position. */
export function writeRaw(program: Program): { insns: Uint8Array; maps: string; desc: string } {
  const { pgmInputType, maxPktSz } = program.provenance;
  const desc: RawDesc = {};
  if (typeof pgmInputType === 'number') desc.pgm_input_type = pgmInputType;
  else if (program.hook === 'xdp') desc.pgm_input_type = INPUT_XDP;
  if (typeof maxPktSz === 'number') desc.max_pkt_sz = maxPktSz;
  return {
    insns: encode(withoutNops(program).insns),
    maps: printMaps(program.maps),
    desc: printDesc(desc),
  };
}

/**
 * Writes `path` (an `.insns` file) and the `.maps` and `.desc` beside it; each file appears whole or not at
 * all.
 * @throws UserError naming the file that cannot be written
 */
export function writeRawFile(path: string, { insns, maps, desc }: ReturnType<typeof writeRaw>): void {
  writeFile(path, insns);
  writeFile(beside(path, '.maps'), maps);
  writeFile(beside(path, '.desc'), desc);
}

/**
 * Writes assembled text: `path` as it is, NOPs included; `.maps` where the text defines maps, `.desc` where
 * it says that the program is XDP, which is all that the format can say of a type.
 * @throws UserError naming the file that cannot be written
 */
export function writeAssembled(path: string, { insns, maps, hook }: Assembly): void {
  writeFile(path, encode(insns));
  if (maps.length > 0) writeFile(beside(path, '.maps'), printMaps(maps));
  if (hook === 'xdp') writeFile(beside(path, '.desc'), printDesc({ pgm_input_type: INPUT_XDP }));
}

function writeFile(path: string, content: Uint8Array | string): void {
  try {
    writeAtomically(path, content);
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code ?? String(e);
    throw new UserError(
      `cannot be written (${code})`,
      path,
      'Check the path, its permissions and free space.',
    );
  }
}

/** The file of another kind that goes with an `.insns` file. */
function beside(file: string, extension: string): string {
  return file.replace(/(\.insns)?$/, extension);
}

function at(file: string, slot: number): string {
  return `${file}, insn ${slot}, offset ${slot * SLOT_BYTES}`;
}

function decodeInsns(input: RawInput): Insn[] {
  if (input.insns.length > MAX_SLOTS * SLOT_BYTES)
    throw new UserError(`more than ${MAX_SLOTS} instruction slots`, input.file, 'Is this an .insns file?');
  const decoded = decode(input.insns);
  if (!decoded.ok)
    throw new UserError(
      decoded.reason,
      at(input.file, decoded.slot),
      'The file is damaged, or no .insns file.',
    );
  return withoutPadding(decoded.insns);
}

/**
 * Without `goto +0` at the very end, with which K2 pads: after the last exit they are a jump out of the
 * program.
 */
function withoutPadding(insns: Insn[]): Insn[] {
  let end = insns.length;
  while (end > 1 && isNop(insns[end - 1]!)) end--;
  const offsets = slotOffsets(insns);
  const last = offsets[end]!;
  const used = insns
    .slice(0, end)
    .some((i, index) => (referencedSlot(i, offsets[index]!) ?? Number.NEGATIVE_INFINITY) >= last);
  return used ? insns : insns.slice(0, end);
}

/** A local call of distance -1 is what a compiler leaves for the linker; raw files hold one section only. */
function refuseUnlinkedCalls(insns: readonly Insn[], file: string): void {
  const index = insns.findIndex((i) => i.op === OP_CALL && i.src === PseudoCall.LOCAL && i.imm === -1);
  if (index >= 0)
    throw new UserError(
      'the instruction calls a subprogram that is not in the file',
      at(file, slotOffsets(insns)[index]!),
      'The file was cut out of an object without linking: use the object file.',
    );
}

/** Map fds replaced by indices into the list of maps. */
function withMapIndices(insns: readonly Insn[], maps: readonly RawMap[], file: string): Insn[] {
  const byFd = new Map(maps.map((m, index) => [m.fd, index]));
  const offsets = slotOffsets(insns);
  return insns.map((i, index) => {
    if (i.op !== OP_LD_IMM64) return i;
    const byPosition = i.src === PseudoLd.MAP_IDX || i.src === PseudoLd.MAP_IDX_VALUE;
    if (!byPosition && i.src !== PseudoLd.MAP_FD && i.src !== PseudoLd.MAP_VALUE) return i;
    const map = byPosition ? (i.imm < maps.length ? i.imm : undefined) : byFd.get(i.imm);
    if (map === undefined || map < 0)
      throw new UserError(
        `the instruction loads map fd ${i.imm}, which the .maps file does not have`,
        at(file, offsets[index]!),
        'Put the .maps file next to the .insns file.',
      );
    const value = i.src === PseudoLd.MAP_VALUE || i.src === PseudoLd.MAP_IDX_VALUE;
    return { ...i, src: value ? PseudoLd.MAP_VALUE : PseudoLd.MAP_FD, imm: map };
  });
}

function defineMap(raw: RawMap, change: Partial<MapDef>): MapDef {
  const { fd: _, ...map } = raw;
  const inner = OF_MAPS.includes(map.type) ? KNOWN_INNER[map.name] : undefined;
  return { ...map, ...(inner === undefined ? {} : { inner }), ...change };
}

function hookOfDesc(desc: RawDesc, file: string): HookName {
  if (desc.pgm_input_type === INPUT_XDP) return 'xdp';
  throw new UserError(
    'the program type is not known',
    file,
    `Pass --type, one of: ${Object.keys(HOOKS).join(', ')}.`,
  );
}

/** The attach type that the file's name implies, as a section of that name would (`recvmsg4`). */
function attachTypeOf(name: string, hook: HookName): number | undefined {
  const hit = hookOfSection(name);
  return hit?.hook === hook ? hit.attachType : undefined;
}

function functionsOf(insns: readonly Insn[], name: string): FunctionRange[] {
  const offsets = slotOffsets(insns);
  const starts = new Set([0]);
  for (let i = 0; i < insns.length; i++) {
    const callee = calleeOf(insns, i, offsets);
    if (callee !== undefined) starts.add(callee);
  }
  const sorted = [...starts].sort((a, b) => a - b);
  return sorted.map((start, k) => ({
    name: start === 0 ? name : `func_${offsets[start]}`,
    start,
    end: sorted[k + 1] ?? insns.length,
  }));
}
