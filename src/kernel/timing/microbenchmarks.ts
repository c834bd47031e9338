/**
 * What `calibrate` measures: for every opcode and common helper, a run of many copies of it.
 *
 * As in K2's profiles, ALU and byte-swap instructions depend on each other, so that a copy costs its latency;
 * loads, stores and jumps do not, so that a copy costs what an out-of-order processor makes of it.
 */
import { type Insn, insn, OP_CALL, OP_EXIT, OP_LD_IMM64, PseudoCall, PseudoLd } from '../../isa/insn.ts';
import {
  type AluOp,
  isDivision,
  type JumpMnemonic,
  type JumpOp,
  OPS,
  type OpSpec,
  opcode,
} from '../../isa/semantics.ts';
import type { MapDef } from '../../program/program.ts';
import { Helper, helperById } from '../../program/tables/helpers.ts';
import type { HookName } from '../../program/tables/hook-types.ts';
import { MapTypeId, mapType } from '../../program/tables/maps.ts';
import { k2Name } from '../../vm/latency/latency.ts';
import type { MapContents } from '../../vm/types.ts';

export interface Chain {
  /** Key in the profile. */
  name: string;
  hook: HookName;
  maps: readonly MapDef[];
  contents: readonly MapContents[];
  /** Runs once before the copies. */
  setup: readonly Insn[];
  /** The `k`th copy. `call local` goes to a function that returns at once. */
  copy(k: number): Insn[];
  /** Copies of the short and the long program, whose difference counts. */
  copies: readonly [number, number];
}

const mov = (dst: number, src: number): Insn => insn(opcode('mov64.x'), dst, src);
const movK = (dst: number, imm: number): Insn => insn(opcode('mov64.k'), dst, 0, 0, imm);
const mapFd = (dst: number, map: number): Insn => insn(OP_LD_IMM64, dst, PseudoLd.MAP_FD, 0, map);
const call = (id: number): Insn => insn(OP_CALL, 0, PseudoCall.HELPER, 0, id);

const FEW = [16, 64] as const;
const MANY = [64, 320] as const;

/** Numbers that the verifier does not know, at these offsets of map 0's value. */
const NUMBERS = [5, 4, 6, 2, 1, 3] as const;
const CELL_BYTES = 256;
const CELL: MapDef = {
  name: 'numbers',
  type: MapTypeId.ARRAY,
  keySize: 4,
  valueSize: CELL_BYTES,
  maxEntries: 1,
  flags: 0,
};
const cellContents = (): MapContents => {
  const value = new Uint8Array(CELL_BYTES);
  const view = new DataView(value.buffer);
  for (const [i, n] of NUMBERS.entries()) view.setBigUint64(8 * i, BigInt(n), true);
  return [{ key: new Uint8Array(4), value }];
};
/** r7 = the cell, r6 = the context; `number(dst, n)` loads one of NUMBERS. */
const START: readonly Insn[] = [mov(6, 1), insn(OP_LD_IMM64, 7, PseudoLd.MAP_VALUE, 0, 0, 0)];
const number = (dst: number, n: (typeof NUMBERS)[number]): Insn =>
  insn(opcode('ldx.dw'), dst, 7, 8 * NUMBERS.indexOf(n));
/** Where loads and stores go, behind the numbers. */
const SCRATCH = 64;

function onCell(name: string, setup: readonly Insn[], copy: Chain['copy'], copies: Chain['copies']): Chain {
  return {
    name,
    hook: 'xdp',
    maps: [CELL],
    contents: [cellContents()],
    setup: [...START, ...setup],
    copy,
    copies,
  };
}

const keyOf = (row: OpSpec, i: Insn): string => k2Name(i) ?? row.name;

function alu(row: AluOp): Chain {
  const isMove = row.mnemonic === 'mov' || row.mnemonic === 'movsx';
  // Divisors of one keep the dividend; moves go back and forth.
  const imm = isDivision(row.mnemonic) ? 1 : 3;
  const base = insn(row.op, 0, 0, row.off ?? 0, row.operand === 'K' ? imm : (row.imm ?? 0));
  const first = { ...base, src: row.operand === 'X' ? 2 : 0 };
  const back = isMove && row.operand === 'X' ? { ...first, dst: 2, src: 0 } : first;
  const setup = [number(0, 5), number(2, imm)];
  return onCell(keyOf(row, first), setup, (k) => [k % 2 === 0 ? first : back], MANY);
}

/** Operands that make a jump with left side 5 go (true) or fall through. */
const OTHER_SIDE: Readonly<Record<JumpMnemonic, readonly [goes: 2 | 4 | 5 | 6, stays: 2 | 4 | 5 | 6]>> = {
  jeq: [5, 6],
  jne: [6, 5],
  jgt: [4, 6],
  jge: [5, 6],
  jlt: [6, 4],
  jle: [5, 4],
  jsgt: [4, 6],
  jsge: [5, 6],
  jslt: [6, 4],
  jsle: [5, 4],
  jset: [4, 2],
};

/** Half of the copies jump (over a move), half fall through. */
function jump(row: JumpOp): Chain {
  const sides = OTHER_SIDE[row.mnemonic];
  const over = mov(5, 6);
  const at = (side: number, reg: number, off: number): Insn =>
    insn(row.op, 0, row.operand === 'X' ? reg : 0, off, row.operand === 'K' ? side : 0);
  const setup = [number(0, 5), number(2, sides[0]), number(3, sides[1])];
  const copy = (k: number): Insn[] => (k % 2 === 0 ? [at(sides[0], 2, 1), over] : [at(sides[1], 3, 0)]);
  return onCell(keyOf(row, at(sides[0], 2, 1)), setup, copy, MANY);
}

function memory(row: OpSpec): Chain | undefined {
  const place = (k: number): number => SCRATCH + 8 * (k % 16);
  switch (row.kind) {
    case 'load': {
      const i = insn(row.op, 2, 7, SCRATCH, row.imm ?? 0);
      return onCell(keyOf(row, i), [], (k) => [{ ...i, dst: 2 + (k % 3), off: place(k) }], MANY);
    }
    case 'store': {
      const i = insn(
        row.op,
        7,
        row.operand === 'X' ? 2 : 0,
        SCRATCH,
        row.operand === 'K' ? 3 : (row.imm ?? 0),
      );
      return onCell(keyOf(row, i), [number(2, 5)], (k) => [{ ...i, off: place(k) }], MANY);
    }
    case 'atomic': {
      const i = insn(row.op, 7, 2, SCRATCH, row.imm ?? 0);
      return onCell(keyOf(row, i), [number(2, 1), number(0, 5)], () => [i], FEW);
    }
    default:
      return undefined;
  }
}

const hash = (type: number, keySize = 8): MapDef => ({
  name: 'table',
  type,
  keySize,
  valueSize: 16,
  maxEntries: 256,
  flags: 0,
});
const wordKey = (n: number): Uint8Array => new Uint8Array(new Uint32Array([n]).buffer);

/**
 * A helper on map 1, which holds the key at r10 - 8 (word 32: a prefix length for tries; an index for
 * arrays).
 */
function onMap(id: number, type: number, args: readonly Insn[]): Chain {
  const isIndexed = mapType(type)?.keyIsU32 === true;
  const first = isIndexed ? 0 : 32;
  const map = { ...hash(type, isIndexed ? 4 : 8), ...(type === MapTypeId.DEVMAP ? { valueSize: 4 } : {}) };
  if (type === MapTypeId.PROG_ARRAY) map.valueSize = 4;
  const key = isIndexed ? wordKey(0) : new Uint8Array(new Uint32Array([first, 7]).buffer);
  const value = new Uint8Array(map.valueSize);
  value[0] = 1;
  return {
    name: `BPF_FUNC_${helperById(id).name}/${mapType(type)!.name}`,
    hook: 'xdp',
    maps: [CELL, map],
    contents: [cellContents(), [{ key, value }]],
    setup: [
      ...START,
      insn(opcode('st.w'), 10, 0, -8, first),
      insn(opcode('st.w'), 10, 0, -4, 7),
      insn(opcode('st.dw'), 10, 0, -16, 0),
      insn(opcode('st.dw'), 10, 0, -24, 0),
      insn(opcode('st.dw'), 10, 0, -32, 0),
      insn(opcode('st.dw'), 10, 0, -40, 0),
    ],
    copy: () => [...args, call(id)],
    copies: FEW,
  };
}

const stackAddress = (dst: number, off: number): Insn[] => [
  mov(dst, 10),
  insn(opcode('add64.k'), dst, 0, 0, off),
];
const KEY_ARG = [mapFd(1, 1), ...stackAddress(2, -8)];
const T = MapTypeId;

function mapChains(): Chain[] {
  const update = [...KEY_ARG, ...stackAddress(3, -24), movK(4, 0)];
  const indexed = [T.ARRAY];
  const keyed = [T.HASH, T.LRU_HASH, T.LPM_TRIE];
  return [
    ...[...indexed, ...keyed].map((type) => onMap(Helper.map_lookup_elem, type, KEY_ARG)),
    ...[...indexed, ...keyed].map((type) => onMap(Helper.map_update_elem, type, update)),
    // Mostly of a key that is gone already.
    ...keyed.map((type) => onMap(Helper.map_delete_elem, type, KEY_ARG)),
    onMap(Helper.tail_call, T.PROG_ARRAY, [mov(1, 6), mapFd(2, 1), movK(3, 5)]),
    onMap(Helper.redirect_map, T.DEVMAP, [mapFd(1, 1), movK(2, 0), movK(3, 0)]),
  ];
}

/** Per-CPU types cost as their plain siblings, which is what the stopwatch runs. */
export const SAME_PRICE: Readonly<Record<string, string>> = {
  percpu_array: 'array',
  percpu_hash: 'hash',
  lru_percpu_hash: 'lru_hash',
};

/**
 * struct bpf_fib_lookup at r10 - 64: a packet that came in at device 1 (which the answer overwrites) goes to
 * 8.8.8.8.
 */
const FIB_LOOKUP: readonly Insn[] = [
  insn(opcode('st.w'), 10, 0, -64, 2),
  insn(opcode('st.w'), 10, 0, -64 + 8, 1),
  insn(opcode('st.w'), 10, 0, -64 + 32, 0x0808_0808),
  mov(1, 6),
  ...stackAddress(2, -64),
  movK(3, 64),
  movK(4, 0),
];

/** Other helpers: number, program type, arguments. */
const PLAIN_HELPERS: readonly (readonly [number, HookName, readonly Insn[]])[] = [
  [Helper.ktime_get_ns, 'xdp', []],
  [Helper.get_prandom_u32, 'xdp', []],
  [Helper.get_smp_processor_id, 'xdp', []],
  [Helper.ktime_get_boot_ns, 'xdp', []],
  [Helper.get_current_pid_tgid, 'xdp', []],
  [Helper.redirect, 'xdp', [movK(1, 1), movK(2, 0)]],
  [Helper.csum_diff, 'xdp', [movK(1, 0), movK(2, 0), ...stackAddress(3, -40), movK(4, 40), movK(5, 0)]],
  [Helper.xdp_adjust_head, 'xdp', [mov(1, 6), movK(2, 0)]],
  [Helper.xdp_adjust_meta, 'xdp', [mov(1, 6), movK(2, 0)]],
  [Helper.xdp_adjust_tail, 'xdp', [mov(1, 6), movK(2, 0)]],
  [Helper.fib_lookup, 'xdp', FIB_LOOKUP],
  [
    Helper.skb_store_bytes,
    'sched_cls',
    [mov(1, 6), movK(2, 0), ...stackAddress(3, -8), movK(4, 6), movK(5, 0)],
  ],
  [Helper.l3_csum_replace, 'sched_cls', [mov(1, 6), movK(2, 24), movK(3, 0), movK(4, 1), movK(5, 2)]],
  [Helper.l4_csum_replace, 'sched_cls', [mov(1, 6), movK(2, 50), movK(3, 0), movK(4, 1), movK(5, 2)]],
  [Helper.skb_load_bytes, 'sched_cls', [mov(1, 6), movK(2, 0), ...stackAddress(3, -8), movK(4, 6)]],
  [Helper.get_hash_recalc, 'sched_cls', [mov(1, 6)]],
];

function helper(id: number, hook: HookName, args: readonly Insn[]): Chain {
  return {
    name: `BPF_FUNC_${helperById(id).name}`,
    hook,
    maps: [CELL],
    contents: [cellContents()],
    setup: [...START, ...[8, 16, 24, 32, 40, 48, 56, 64].map((n) => insn(opcode('st.dw'), 10, 0, -n, 0))],
    copy: () => [...args, call(id)],
    copies: FEW,
  };
}

function rowChain(row: OpSpec): Chain | undefined {
  switch (row.kind) {
    case 'alu':
      return alu(row);
    case 'jump':
      return jump(row);
    case 'load':
    case 'store':
    case 'atomic':
      return memory(row);
    case 'ldabs': {
      const i = insn(row.op, 0, row.indirect ? 7 : 0, 0, 16);
      return {
        name: keyOf(row, i),
        hook: 'socket_filter',
        maps: [],
        contents: [],
        setup: [mov(6, 1), movK(7, 2)],
        copy: () => [i],
        copies: MANY,
      };
    }
    case 'ldimm64':
      return onCell('LDDW', [], (k) => [insn(row.op, 2 + (k % 3), 0, 0, k, 5)], MANY);
    case 'call':
      return row.target === 'local'
        ? onCell(row.name, [], () => [insn(OP_CALL, 0, PseudoCall.LOCAL)], FEW)
        : undefined;
    default:
      return undefined;
  }
}

/** Everything that is measured on a kernel of version `linux` (major * 100 + minor). */
export function chains(linux: number): Chain[] {
  const rows = OPS.filter((row) => row.linux <= linux).flatMap((row) => rowChain(row) ?? []);
  return [...rows, ...mapChains(), ...PLAIN_HELPERS.map((h) => helper(...h))];
}

/** The program of a chain with `n` copies; a function that returns at once comes last where it is called. */
export function chainInsns(chain: Chain, n: number): { insns: Insn[]; callee: number | undefined } {
  const insns = [...chain.setup];
  for (let k = 0; k < n; k++) insns.push(...chain.copy(k));
  insns.push(movK(0, 0), insn(OP_EXIT));
  const isLocal = (i: Insn): boolean => i.op === OP_CALL && i.src === PseudoCall.LOCAL;
  if (!insns.some(isLocal)) return { insns, callee: undefined };
  const callee = insns.length;
  // Distances count slots; only the setup has an instruction of two.
  const linked = insns.map((i, at) => (isLocal(i) ? { ...i, imm: callee - at - 1 } : i));
  return { insns: [...linked, movK(0, 0), insn(OP_EXIT)], callee };
}
