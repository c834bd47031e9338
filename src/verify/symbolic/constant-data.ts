/** Bytes of maps that never change: they are constants of the formula. */
import { region as regions, SOME_VALUE } from '../../analysis/domain/value.ts';
import { splitOffset, type Term } from '../../solver/index.ts';
import { Unsupported } from '../errors.ts';
import type { KnownByte } from './memory.ts';
import type { ExecutionEnv } from './run.ts';

/** Bytes of frozen maps, reached by their direct address. */
export function constantData({
  maps,
  bases,
  normalizer,
}: Pick<ExecutionEnv, 'maps' | 'bases' | 'normalizer'>): KnownByte {
  const frozen = new Map<Term, Uint8Array>();
  const keys = new Set<string>();
  maps.forEach((m, index) => {
    if (m.readonly !== true || m.initial === undefined) return;
    frozen.set(bases.base(regions.mapValue(index), directId(index)), m.initial);
    keys.add(regions.mapValue(index).key);
  });
  return (_memory, address) => {
    if (frozen.size === 0) return undefined;
    const { rest, offset } = splitOffset(normalizer.store, address);
    const data = rest === undefined ? undefined : frozen.get(rest);
    if (data !== undefined) return data[Number(offset)];
    const region = bases.regionOf(address);
    if (region === undefined || region.key === SOME_VALUE.key || keys.has(region.key))
      throw new Unsupported('constant data at an unknown offset');
    return undefined;
  };
}

/** Id of a map's value that is addressed directly (global data), as analysis/ gives it to its pointers. */
export function directId(map: number): string {
  return String(-1 - map);
}
