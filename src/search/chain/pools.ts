/**
 * What proposals may draw from: opcodes of the target, registers, constants and addresses that occur in the
 * source.
 */
import { type Insn, OP_EXIT } from '../../isa/insn.ts';
import { opsFor, type Target } from '../../isa/levels.ts';
import { type OpSpec, specOf } from '../../isa/semantics.ts';
import { jumpDistance } from './positions.ts';

export interface Address {
  base: number;
  off: number;
}

export interface Pools {
  /** Rows that may be emitted: no control flow, no calls, nothing the target does not know. */
  readonly rows: readonly OpSpec[];
  /** Registers that may be written. */
  readonly writable: readonly number[];
  /** Registers that may be read as values. */
  readonly readable: readonly number[];
  /** 32-bit immediates, signed. */
  readonly constants: readonly number[];
  readonly addresses: readonly Address[];
  /** Whole `ld_imm64` instructions of the source (maps, wide constants). */
  readonly wide: readonly Insn[];
  /** Conditional jumps that may be emitted; none where the source has no jump. */
  readonly jumps: readonly (OpSpec & { kind: 'jump' })[];
  /** Places outside that the source jumps to. */
  readonly places: number;
  /** The source leaves by `exit`. */
  readonly exits: boolean;
}

/** Rows inside straight-line code. Little-endian no-ops, signed and packet loads stay out: they never win. */
function straightLine(row: OpSpec): boolean {
  switch (row.kind) {
    case 'alu':
      return true;
    case 'load':
      return !row.acquire;
    case 'store':
      return !row.release;
    case 'atomic':
      return row.result === 'none';
    default:
      return false;
  }
}

function jumpsFor(target: Target): (OpSpec & { kind: 'jump' })[] {
  return opsFor(target).flatMap((row) => (row.kind === 'jump' ? [row] : []));
}

/** Slow operations that shorten nothing unless the source has them. */
const RARE: ReadonlySet<string> = new Set(['div', 'sdiv', 'mod', 'smod', 'le', 'neg', 'mul']);
const SMALL_CONSTANTS = [0, 1, -1, 2, 4, 8, 16, 32, 0xff, 0xffff] as const;

/**
 * @param window the instructions to be rewritten
 * @param context instructions around it, whose constants and offsets are also drawn from
 * @param pointers registers that hold pointers where the window starts
 * @param places how many places outside the window jumps to
 */
export function buildPools(
  window: readonly Insn[],
  context: readonly Insn[],
  pointers: readonly number[],
  target: Target,
  places = 0,
): Pools {
  const constants = new Set<number>(SMALL_CONSTANTS);
  const addresses = new Map<string, Address>();
  const bases = new Set<number>(pointers);
  const offsets = new Set<number>();
  const wide: Insn[] = [];
  for (const i of window) {
    const spec = specOf(i);
    if (spec?.kind === 'load') bases.add(i.src);
    if (spec?.kind === 'store' || spec?.kind === 'atomic') bases.add(i.dst);
    if (spec?.kind === 'load' || spec?.kind === 'store' || spec?.kind === 'atomic') offsets.add(i.off);
    if (spec?.kind === 'ldimm64') wide.push({ ...i });
  }
  for (const i of [...window, ...context]) {
    const spec = specOf(i);
    if (spec !== undefined && 'operand' in spec && spec.operand === 'K') constants.add(i.imm);
  }
  for (const base of bases)
    for (const off of offsets) if (base !== 10 || off < 0) addresses.set(`${base}:${off}`, { base, off });

  const present = new Set(window.map((i) => specOf(i)?.mnemonic));
  const rows = opsFor(target).filter(
    (row) =>
      straightLine(row) &&
      (addresses.size > 0 || row.kind === 'alu') &&
      (!RARE.has(row.mnemonic) || present.has(row.mnemonic)),
  );
  return {
    rows,
    writable: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    readable: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    constants: [...constants],
    addresses: [...addresses.values()],
    wide,
    jumps: window.some((i) => jumpDistance(i) !== undefined) ? jumpsFor(target) : [],
    places,
    exits: window.some((i) => i.op === OP_EXIT),
  };
}
