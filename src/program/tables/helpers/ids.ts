/**
 * Numbers of helper functions by name, `Helper.tail_call`: taken from the table of prototypes, types
 * included.
 */
import { PROTOTYPES } from './prototypes.ts';

/** Number and name at the start of a line of the table: `12 4.2 tail_call -> void : ...`. */
type IdsOf<Line> = Line extends `${infer Id extends number} ${string} ${infer Name} -> ${string}`
  ? Record<Name, Id>
  : unknown;

/** All lines, the first one at a time, so that the compiler need not recurse deeply. */
type Ids<Text, Found = unknown> = Text extends `${infer Line}\n${infer Rest}`
  ? Ids<Rest, Found & IdsOf<Line>>
  : Found;

type HelperIds = { readonly [Name in keyof Ids<typeof PROTOTYPES>]: Ids<typeof PROTOTYPES>[Name] };

/** A helper's name, without `bpf_`. */
export type HelperName = keyof HelperIds;

/** Number by name. */
export const Helper = Object.fromEntries(
  [...PROTOTYPES.matchAll(/^(\d+) \S+ (\w+) ->/gm)].map(([, id, name]) => [name, Number(id)]),
) as HelperIds;
