/**
 * Rewrite cases as data files (test/verify/data/*.txt), in the manner of alive2: blocks separated by lines of
 * dashes,
 *
 *     name: counters become atomic
 *     expect: equivalent              or: wrong (any verdict but equivalent), different, unknown
 *     given: r1=map_value:0#1 r2=u32 r3=scalar
 *     stack: -8=map_value:0#1 -16=const:5
 *     live: r0 r2/32 fp-8:4
 *     exits: 3=r0,fp-8:4 -2=r1/32     places that are jumped to (slots past the end, or before the start),
 *                                     and what is live there
 *     source:
 *       r0 = 1
 *     target:
 *       ...
 *
 * Values: scalar, u8, u16, u32, const:N, range:LO..HI, same:N (numbers with one identity), any, ctx,
 * packet[+N][~N], packet_end, map_value:M#ID[+N], map_value_or_null:M#ID, memory:ringbuf, opaque:NAME. r10 is
 * always the frame pointer.
 */
import { between, constant, UNKNOWN, unsignedOf, withId } from '../../src/analysis/domain/scalar.ts';
import { EMPTY_STACK, STACK_SIZE, type Stack, storeToStack } from '../../src/analysis/domain/stack.ts';
import { ANY, pointer, region, UNINIT, type Value } from '../../src/analysis/domain/value.ts';
import { assemble, type Insn } from '../../src/isa/index.ts';
import type { MapDef } from '../../src/program/program.ts';
import type { CtxField } from '../../src/program/tables/hook-types.ts';
import type { WindowContext } from '../../src/verify/context.ts';
import { type Block, readBlocks } from './blocks.ts';

export interface Case {
  file: string;
  name: string;
  expect: 'equivalent' | 'wrong' | 'different' | 'unknown';
  context: WindowContext;
  source: Insn[];
  target: Insn[];
}

const M64 = 0xffff_ffff_ffff_ffffn;

const XDP_FIELDS: readonly CtxField[] = [
  { name: 'data', offset: 0, size: 4, write: false, narrow: false, pointer: 'packet' },
  { name: 'data_end', offset: 4, size: 4, write: false, narrow: false, pointer: 'packet_end' },
];

function map(name: string, extra: Partial<MapDef> = {}): MapDef {
  return { name, type: 2, keySize: 4, valueSize: 64, maxEntries: 8, flags: 0, ...extra };
}
/** Map 2 is frozen data: bytes 1, 2, 3, ... */
const MAPS: readonly MapDef[] = [
  map('a'),
  map('b'),
  map('rodata', { readonly: true, initial: Uint8Array.from({ length: 64 }, (_, i) => i + 1) }),
];

export function readValue(text: string): Value {
  const [, kind, arg] = /^([a-z_0-9]+):?(.*)$/.exec(text)!;
  switch (kind) {
    case 'scalar':
      return UNKNOWN;
    case 'u8':
    case 'u16':
    case 'u32':
      return unsignedOf(Number(kind.slice(1)));
    case 'const':
      return constant(BigInt.asUintN(64, BigInt(arg!)));
    case 'range': {
      const [lo, hi] = arg!.split('..').map(BigInt);
      return between(lo!, hi!);
    }
    case 'same':
      return withId(UNKNOWN, Number(arg));
    case 'any':
      return ANY;
    case 'ctx':
      return pointer(region.ctx);
    case 'packet':
      return {
        ...pointer(region.packet, 0, Number(/\+(\d+)/.exec(text)?.[1] ?? 0)),
        variable: variableOf(text),
      };
    case 'packet_end':
      return pointer(region.packetEnd);
    case 'map_value':
    case 'map_value_or_null': {
      const [, m, id, off] = /^(\d+)#(\d+)(?:\+(\d+))?/.exec(arg!)!;
      return pointer(region.mapValue(Number(m)), Number(id), Number(off ?? 0), kind === 'map_value_or_null');
    }
    case 'memory':
      return pointer(region.memory(arg!, 64), 9);
    case 'opaque':
      return pointer(region.opaque(arg!), 8);
    case 'fp':
      return pointer(region.stack(0), 0, Number(arg));
    default:
      throw new Error(`unknown value ${text}`);
  }
}

function variableOf(text: string) {
  const id = /~(\d+)/.exec(text)?.[1];
  return id === undefined ? constant(0n) : unsignedOf(8, Number(id));
}

export function contextOf(given: string, stack: string, live: string, exits = ''): WindowContext {
  const registers: Value[] = new Array<Value>(11).fill(UNINIT);
  registers[10] = pointer(region.stack(0));
  for (const item of words(given)) {
    const [r, v] = item.split('=');
    registers[Number(r!.slice(1))] = readValue(v!);
  }
  let slots: Stack = EMPTY_STACK;
  for (const item of words(stack)) {
    const [off, v] = item.split('=');
    slots = storeToStack(slots, STACK_SIZE + Number(off), 8, readValue(v!), 'best');
  }
  return {
    registers,
    stack: slots,
    frame: 0,
    ...readLive(words(live)),
    exits: words(exits).map((item) => {
      const [to, at] = item.split('=');
      return { to: Number(to), ...readLive(at!.split(',')) };
    }),
    returnBits: 0xffff_ffffn,
    ctxFields: XDP_FIELDS,
    maps: MAPS,
    packetShared: false,
  };
}

function readLive(items: readonly string[]): { liveRegisters: bigint[]; liveStack: Uint8Array } {
  const liveRegisters = new Array<bigint>(11).fill(0n);
  const liveStack = new Uint8Array(STACK_SIZE);
  for (const item of items) {
    const reg = /^r(\d+)(?:\/(\d+))?$/.exec(item);
    const bytes = /^fp-(\d+):(\d+)$/.exec(item);
    if (reg !== null) liveRegisters[Number(reg[1])] = M64 >> BigInt(64 - Number(reg[2] ?? 64));
    else if (bytes !== null)
      liveStack.fill(1, STACK_SIZE - Number(bytes[1]), STACK_SIZE - Number(bytes[1]) + Number(bytes[2]));
    else throw new Error(`cannot read what is live: ${item}`);
  }
  return { liveRegisters, liveStack };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((w) => w !== '');
}

function parse(block: Block): Case {
  const { file, field } = block;
  const expect = field('expect') as Case['expect'];
  const name = field('name');
  if (name === '' || !['equivalent', 'wrong', 'different', 'unknown'].includes(expect))
    throw new Error(`${file}: ${block.text}`);
  return {
    file,
    name,
    expect,
    context: contextOf(field('given'), field('stack'), field('live'), field('exits')),
    source: assemble(block.code('source').join('\n')),
    target: assemble(block.code('target').join('\n')),
  };
}

/** All cases of all data files. */
export function loadCases(): Case[] {
  return readBlocks(new URL('./data/', import.meta.url), ['source', 'target']).map(parse);
}
