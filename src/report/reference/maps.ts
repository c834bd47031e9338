/** The reference page of map types: sizes, lookups, which helpers take them. */
import { helperById } from '../../program/tables/helpers.ts';
import { MAP_TYPES, MapFlag, type MapType } from '../../program/tables/maps.ts';
import { code, head, table, version } from './page.ts';

const LOOKUPS: Readonly<Record<MapType['lookup'], string>> = {
  value: 'the value',
  value_ro: 'the value, read-only',
  map: 'an inner map',
  sock: 'a socket, with a reference',
  xdp_sock: 'an AF_XDP socket',
  none: '-',
};
const FAILS: Readonly<Record<MapType['lookupFails'], string>> = {
  'out-of-range': 'index out of range',
  absent: 'entry absent',
  none: '-',
};

function flagsOf({ requiredFlags }: MapType): string {
  const names = Object.entries(MapFlag).filter(([, bit]) => (requiredFlags & bit) !== 0);
  return names.map(([name]) => code(`BPF_F_${name}`)).join(', ');
}

function kindOf(m: MapType): string {
  return [
    ...(m.isArrayLike ? ['array: all entries exist'] : []),
    ...(m.isPerCpu ? ['per CPU'] : []),
    ...(m.isLru ? ['evicts old entries'] : []),
    ...(m.isShared ? [] : ['not shared between CPUs']),
    ...(m.requiredFlags === 0 ? [] : [`needs ${flagsOf(m)}`]),
  ].join(', ');
}

function helpersOf({ helpers }: MapType): string {
  const names = [...helpers].sort((a, b) => a - b).map((id) => helperById(id).name);
  return names.map((name) => `[${name}](helpers.md#${name})`).join(', ');
}

const bytes = (n: number | undefined): string => (n === undefined ? 'any' : String(n));

export function mapsPage(): string {
  const rows = MAP_TYPES.map((m) => [
    String(m.type),
    code(m.name),
    version(m.since),
    bytes(m.keySize),
    bytes(m.valueSize),
    LOOKUPS[m.lookup],
    FAILS[m.lookupFails],
    kindOf(m),
    helpersOf(m),
  ]);
  const columns = ['type', 'name', 'Linux', 'key', 'value', 'a lookup gives', 'NULL when', 'kind', 'helpers'];
  const text = `
All ${MAP_TYPES.length} map types. Sizes are in bytes; \`any\` is what the program says. The lookup columns decide what the
equivalence checker may assume of \`map_lookup_elem\`.`;
  return `${head('Map types', ['src/program/tables/maps.ts'], text)}\n${table(columns, rows)}\n`;
}
