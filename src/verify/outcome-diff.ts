/** Where the outputs of two runs of one program on one input part. */

import type { Program } from '../program/program.ts';
import { helperById } from '../program/tables/helpers.ts';
import { HOOKS } from '../program/tables/hooks.ts';
import { mapType } from '../program/tables/maps.ts';
import type { ExternalCall, MapContents, Outcome } from '../vm/types.ts';

/** One output that differs: which, and what it is in the first and in the second version. */
export interface OutcomeDifference {
  what: string;
  first: string;
  second: string;
}

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

/** All outputs that differ, as the hook sees them; a fault hides the others. */
export function outcomeDifferences(program: Program, x: Outcome, y: Outcome): OutcomeDifference[] {
  const ended = (o: Outcome): string =>
    o.status === 'exit' ? 'returns' : `faults: ${o.fault} at instruction ${o.at}`;
  if (x.status !== y.status) return [{ what: 'the run', first: ended(x), second: ended(y) }];
  const mask = (1n << BigInt(HOOKS[program.hook].returnBits)) - 1n;
  const list: OutcomeDifference[] = [];
  if (((x.r0 ^ y.r0) & mask) !== 0n)
    list.push({ what: 'r0', first: String(x.r0 & mask), second: String(y.r0 & mask) });
  if (x.packet.length !== y.packet.length)
    list.push({ what: 'packet length', first: String(x.packet.length), second: String(y.packet.length) });
  list.push(...byteRuns('packet', x.packet, y.packet), ...byteRuns('context', x.ctx, y.ctx));
  for (let k = 0; k < Math.max(x.calls.length, y.calls.length); k++) {
    const [first, second] = [callText(x.calls[k]), callText(y.calls[k])];
    if (first !== second) list.push({ what: `visible call ${k + 1}`, first, second });
  }
  program.maps.forEach((m, i) => {
    list.push(...mapPartings(m.name, mapType(m.type)?.isArrayLike === true, x.maps[i], y.maps[i]));
  });
  return list;
}

export function outcomeDifferenceText({ what, first, second }: OutcomeDifference): string {
  return `${what}: ${first} and ${second}`;
}

/** Runs of bytes that differ, within what both have. */
function byteRuns(what: string, x: Uint8Array, y: Uint8Array): OutcomeDifference[] {
  const list: OutcomeDifference[] = [];
  const size = Math.min(x.length, y.length);
  for (let at = 0; at < size; at++) {
    if (x[at] === y[at]) continue;
    let end = at + 1;
    while (end < size && x[end] !== y[end]) end++;
    const range = end === at + 1 ? `byte ${at}` : `bytes ${at} to ${end - 1}`;
    list.push({
      what: `${what} ${range}`,
      first: hex(x.subarray(at, end)),
      second: hex(y.subarray(at, end)),
    });
    at = end;
  }
  return list;
}

function mapPartings(
  name: string,
  isArray: boolean,
  x: MapContents = [],
  y: MapContents = [],
): OutcomeDifference[] {
  const by = (c: MapContents): Map<string, Uint8Array> => new Map(c.map((e) => [hex(e.key), e.value]));
  const [first, second] = [by(x), by(y)];
  const list: OutcomeDifference[] = [];
  for (const key of new Set([...first.keys(), ...second.keys()])) {
    const [u, v] = [first.get(key), second.get(key)];
    const what = `map ${name}, key ${key}`;
    // Arrays list only what is not zero.
    const zero = new Uint8Array((u ?? v)?.length ?? 0);
    if (isArray || (u !== undefined && v !== undefined))
      list.push(...byteRuns(`${what}, value`, u ?? zero, v ?? zero));
    else
      list.push({
        what,
        first: u === undefined ? 'absent' : hex(u),
        second: v === undefined ? 'absent' : hex(v),
      });
  }
  return list;
}

function callText(c: ExternalCall | undefined): string {
  if (c === undefined) return 'none';
  const args = [...c.args.map((a) => String(a)), ...c.bytes.map((b) => `[${hex(b)}]`)];
  return `${helperById(c.helper).name}(${args.join(', ')})`;
}
