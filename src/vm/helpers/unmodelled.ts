/**
 * The stand-in for helpers without a model, driven by the prototype: memory arguments are checked and read,
 * written ones get bytes that follow from the seed, the result follows from the seed and everything that was
 * read, and a helper that somebody outside can notice is recorded.
 */
import { type Helper, isSilent, type MemArg, mapArgOf, memOfArg } from '../../program/tables/helpers.ts';
import { fault } from '../memory/arena.ts';
import { FaultCode, HEAD, MAP } from '../memory/layout.ts';
import { Errno } from './errno.ts';
import type { Done, HelperCall } from './helper-call.ts';

/** Longest C string that is read. */
const STRING_LIMIT = 4096;

type ArgumentBytes = readonly [number, number];

/** What the call reads: scalar arguments in order, places of memory arguments in order. */
export interface CallInputs {
  args: bigint[];
  places: ArgumentBytes[];
  written: ArgumentBytes[];
}

function size(k: HelperCall, helper: Helper, mem: MemArg, arg: number): number {
  const at = mapArgOf(helper);
  switch (mem.size.by) {
    case 'fixed':
      return mem.size.bytes;
    case 'arg':
      return k.hi(mem.size.arg + 1) === 0 ? k.lo(mem.size.arg + 1) : fault(FaultCode.OUT_OF_BOUNDS);
    case 'key':
      return at === undefined ? 0 : k.map(at + 1).get(MAP.KEY_SIZE);
    case 'value':
      return at === undefined ? 0 : k.map(at + 1).get(MAP.VALUE_SIZE);
    case 'string':
      return stringLength(k, arg);
    case 'unknown':
      return 0;
  }
}

function stringLength(k: HelperCall, arg: number): number {
  for (let n = 1; n <= STRING_LIMIT; n++) {
    const p = k.read(arg, n);
    if (k.arena.bytes[p + n - 1] === 0) return n;
  }
  return fault(FaultCode.OUT_OF_BOUNDS);
}

/** Checks all arguments against the prototype; memory that will be written is made ready for it. */
export function inputs(k: HelperCall, helper: Helper): CallInputs {
  const found: CallInputs = { args: [], places: [], written: [] };
  const mapAt = mapArgOf(helper);
  const mapType = mapAt === undefined ? undefined : k.map(mapAt + 1).type;
  helper.args.forEach((arg, index) => {
    const n = index + 1;
    if (arg.kind === 'map') found.args.push(BigInt(k.map(n).get(MAP.INDEX)));
    else if (arg.kind === 'ctx') k.ctx(n);
    else if (arg.kind === 'func') fault(FaultCode.BAD_CALL);
    const mem = memOfArg(helper, index, mapType);
    if (mem === undefined) {
      if ((arg.kind === 'scalar' && !arg.optional) || arg.kind === 'size' || arg.kind === 'alloc_size')
        found.args.push(k.value(n));
      return;
    }
    if (mem.size.by === 'unknown' || (k.isNull(n) && arg.nullable)) {
      found.args.push(k.value(n));
      return;
    }
    const bytes = size(k, helper, mem, n);
    if (bytes === 0) return;
    if (mem.reads) found.places.push([k.read(n, bytes), bytes]);
    if (mem.writes) found.written.push([k.write(n, bytes), bytes]);
  });
  return found;
}

/** A number that follows from the seed, the helper, and what it read. */
function digest(k: HelperCall, helper: Helper, from: CallInputs): number {
  let h = k.hash(10, helper.id);
  for (const arg of from.args) h = k.hash(h, Number(arg & 0xffff_ffffn), Number(arg >> 32n));
  for (const [p, n] of from.places) for (let i = 0; i < n; i++) h = k.hash(h, k.arena.bytes[p + i]!);
  const changes = helper.effects.some((e) => e === 'random' || e === 'time') || !isSilent(helper);
  return changes ? k.hash(h, k.arena.count(HEAD.DRAWS)) : h;
}

/** Integer results: mostly success, sometimes an error, a small number, or anything. */
function integer(helper: Helper, h: number): number {
  const pick = h & 7;
  const value = Math.floor(h / 8);
  if (helper.retBits === 32) return pick < 4 ? value & 0xff : value;
  if (pick < 4) return 0;
  if (pick === 4) return -Errno.EINVAL;
  return pick === 5 ? value & 0xff : value;
}

export function standIn(k: HelperCall, helper: Helper): Done {
  const from = inputs(k, helper);
  const h = digest(k, helper, from);
  if (!isSilent(helper)) k.record(helper.id, from.args, from.places);
  from.written.forEach(([p, n], index) => {
    for (let i = 0; i < n; i++) k.arena.bytes[p + i] = k.hash(h, index, i) & 0xff;
  });
  switch (helper.ret) {
    case 'integer':
    case 'unknown':
      return k.ret(integer(helper, h));
    case 'void':
      return k.retNothing();
    case 'map_value':
      return k.retPointer(k.arena.at + k.arena.headOffset(HEAD.OPAQUE));
    case 'kernel':
      return k.ret64(0xffff_8881_0000_0000n + BigInt(h));
    default:
      return k.retPointer((h & 1) === 0 ? -1 : k.arena.at + k.arena.headOffset(HEAD.OPAQUE));
  }
}
