/**
 * Helper functions: what a call takes, which memory it reads and writes, what it returns and what else it
 * does. The data is in helpers/prototypes.ts.
 */
import { Helper as IDS } from './helpers/ids.ts';
import { argument, parse, READ } from './helpers/parse.ts';
import { PROTOTYPES } from './helpers/prototypes.ts';
import {
  EFFECTS,
  type Effect,
  type HelperArg,
  type Helper as HelperRow,
  type MemArg,
} from './helpers/types.ts';
import { MapTypeId } from './maps.ts';

export type { HelperName } from './helpers/ids.ts';
export {
  type ArgKind,
  EFFECTS,
  type Effect,
  type HelperArg,
  type MemArg,
  type MemSize,
  type ReturnKind,
} from './helpers/types.ts';

/** Numbers by name: `Helper.tail_call`. */
export const Helper = IDS;
/** What the table says of a helper. */
export type Helper = HelperRow;

/** All helpers with a number of their own, by number. */
export const HELPERS: readonly Helper[] = PROTOTYPES.trim().split('\n').map(parse);

const byId = new Map(HELPERS.map((h) => [h.id, h]));
const byName = new Map(HELPERS.map((h) => [h.name, h]));

/** Everything but 'pure': what a helper without a model may do. */
const ANY_EFFECT = EFFECTS.filter((e) => e !== 'pure');
const ANY_ARG: HelperArg = { ...argument('any'), nullable: true, optional: true, zeroOk: true };

/**
 * The prototype of a helper. A number that the table does not have gives a conservative one (`known: false`):
 * up to five arguments, whatever they point to may be read and written, every effect, a result of unknown
 * kind.
 */
export function helperById(id: number): Helper {
  return (
    byId.get(id) ?? {
      id,
      name: `helper_${id}`,
      known: false,
      args: [ANY_ARG, ANY_ARG, ANY_ARG, ANY_ARG, ANY_ARG],
      ret: 'unknown',
      retBits: 64,
      effects: ANY_EFFECT,
      packetArgs: true,
      gplOnly: false,
      since: 0,
    }
  );
}

/** By name, with or without `bpf_`. */
export function helperByName(name: string): Helper | undefined {
  return byName.get(name.replace(/^bpf_/, ''));
}

/** Position of the map argument, counted from 0 (0 = r1); undefined when there is none. */
export function mapArgOf(helper: Helper): number | undefined {
  const at = helper.args.findIndex((a) => a.kind === 'map');
  return at < 0 ? undefined : at;
}

/**
 * Memory behind argument `arg` for a call with a map of type `mapType`. It differs from the prototype for one
 * pair: a bloom filter's `map_peek_elem` reads the value that others write.
 */
export function memOfArg(helper: Helper, arg: number, mapType?: number): MemArg | undefined {
  const mem = helper.args[arg]?.mem;
  if (mem !== undefined && helper.id === Helper.map_peek_elem && mapType === MapTypeId.BLOOM_FILTER)
    return { ...READ, size: mem.size };
  return mem;
}

const SILENT: ReadonlySet<Effect> = new Set([
  'pure',
  'random',
  'time',
  'runConstant',
  'kernelRead',
  'mapRead',
  'packetRead',
]);

/** Nobody can tell whether the call was made, but for the memory that it writes and its result. */
export function isSilent(helper: Helper): boolean {
  return helper.known && helper.effects.every((e) => SILENT.has(e));
}

/** Packet pointers that were derived before the call may not be used after it. */
export function invalidatesPacket(helper: Helper): boolean {
  return helper.effects.includes('packetResize') || helper.effects.includes('callback');
}

/** Gives back the reference of its first argument. kptr_xchg only exchanges one for another. */
export function releases(helper: Helper): boolean {
  return helper.effects.includes('release') && !helper.effects.includes('acquire');
}

/** May leave the program: a tail call that succeeds does not return. */
export function endsProgram(helper: Helper): boolean {
  return helper.effects.includes('tailCall');
}

/** The packet's bounds may be elsewhere after the call, so that a run needs room around it. */
export function movesPacket(helper: Helper): boolean {
  return helper.effects.includes('packetMove');
}
