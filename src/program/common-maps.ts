/** Two versions of a program on the same list of maps: a version that no longer uses a map is still one. */
import { type Insn, OP_LD_IMM64, PseudoLd } from '../isa/insn.ts';
import type { MapDef, Program } from './program.ts';

/** Both programs with the union of their maps, in one order; or why that cannot be. */
export function withCommonMaps(
  a: Program,
  b: Program,
): { ok: true; a: Program; b: Program } | { ok: false; reason: string } {
  const isSame = (m: MapDef, n: MapDef | undefined): boolean => n?.name === m.name && isAlike(m, n);
  if (a.maps.length === b.maps.length && a.maps.every((m, i) => isSame(m, b.maps[i])))
    return { ok: true, a, b };
  const all = new Map<string, MapDef>();
  for (const m of [...a.maps, ...b.maps]) {
    const known = all.get(m.name);
    if (known === undefined) all.set(m.name, m);
    else if (!isAlike(known, m)) return { ok: false, reason: `map ${m.name} is not the same in both` };
  }
  const maps = [...all.values()];
  return { ok: true, a: onMaps(a, maps), b: onMaps(b, maps) };
}

function isAlike(x: MapDef, y: MapDef): boolean {
  const shape = ({ type, keySize, valueSize, maxEntries, flags }: MapDef): string =>
    [type, keySize, valueSize, maxEntries, flags].join();
  return shape(x) === shape(y);
}

/** The same program with its maps elsewhere in a longer list. */
function onMaps(program: Program, maps: readonly MapDef[]): Program {
  const place = program.maps.map((m) => maps.findIndex((other) => other.name === m.name));
  const refersToMap = (i: Insn): boolean =>
    i.op === OP_LD_IMM64 && (i.src === PseudoLd.MAP_FD || i.src === PseudoLd.MAP_VALUE);
  return {
    ...program,
    maps,
    insns: program.insns.map((i) => (refersToMap(i) ? { ...i, imm: place[i.imm] ?? i.imm } : i)),
  };
}
