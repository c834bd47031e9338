/**
 * Which maps a program can write, in the kernel's own opinion: a map that is created read-only for programs
 * makes the verifier refuse every program that could update it, delete from it or store into its values.
 *
 *   program, one map read-only --PROG_LOAD--> accepted: it cannot write that map
 */

import type { Program } from '../../program/program.ts';
import { MapFlag } from '../../program/tables/maps.ts';
import { accessOf, createMaps, kernelMapDef } from '../syscall/maps.ts';
import { type Bpf, BpfError, Fds, withFds } from '../syscall/syscall.ts';
import { type LoadAs, loadProgram } from './load.ts';

/**
 * Indices of the maps that the kernel says a program, loaded `as` a type, cannot write. Costs a load per map.
 */
export function unwrittenMaps(bpf: Bpf, program: Program, as?: LoadAs): Set<number> {
  const defs = program.maps.map((def) => kernelMapDef(def, 'run'));
  const able = defs.flatMap((def, i) => (['mapped', 'keyed'].includes(accessOf(def)) ? [i] : []));
  const fds = new Fds(bpf);
  try {
    const open = createMaps(bpf, fds, program.maps, 'run');
    const readOnly = program.maps.map((def, i) => {
      const twin = { ...def, flags: def.flags | MapFlag.RDONLY_PROG };
      return able.includes(i) ? createMaps(bpf, fds, [twin], 'run')[0]! : open[i]!;
    });
    const accepted = (maps: readonly number[]): boolean => {
      const mapFds = open.map((fd, i) => (maps.includes(i) ? readOnly[i]! : fd));
      return withFds(bpf, (own) => loadProgram(bpf, own, program, { mapFds, ...(as && { as }) }).ok);
    };
    if (able.length === 0 || accepted(able)) return new Set(able);
    return new Set(able.length === 1 ? [] : able.filter((i) => accepted([i])));
  } catch (e) {
    // A kernel that knows no such maps says nothing.
    if (e instanceof BpfError) return new Set();
    throw e;
  } finally {
    fds.close();
  }
}
