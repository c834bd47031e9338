/** Random whole programs: mostly sensible, so that they get far, with every kind of instruction. */
import type { Insn } from '../../../src/isa/insn.ts';
import { OPS } from '../../../src/isa/semantics.ts';
import type { Program } from '../../../src/program/program.ts';
import type { Rng, TestCase } from '../../../src/vm/index.ts';
import { callHelper, exit, imm64, loadMap, map, nop, op, program, value64 } from './programs.ts';

const MAPS = [
  map('ARRAY', 4, 16, 8),
  map('HASH', 4, 16, 4),
  map('LRU_HASH', 8, 8, 3),
  map('PERCPU_HASH', 4, 8, 4),
  map('LPM_TRIE', 8, 8, 4),
];
const NAMES = {
  alu: OPS.filter((s) => s.kind === 'alu'),
  jump: OPS.filter((s) => s.kind === 'jump'),
  atomic: OPS.filter((s) => s.kind === 'atomic'),
};
const WIDTHS = ['b', 'h', 'w', 'dw'];
const BYTES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, dw: 8 };

/**
 * XDP program: r6 = context, r7 = packet, r8 = packet end; r0..r5 and r9 are scratch. Stack bytes from -64 up
 * hold keys and values for map helpers.
 */
export function randomProgram(rng: Rng, length = 40): Program {
  const prologue = [
    op('mov64.x', 6, 1),
    op('ldx.w', 7, 6, 0),
    op('ldx.w', 8, 6, 4),
    ...[0, 2, 3, 4, 5, 9].map((r) => imm64(r, value64(rng))),
    ...Array.from({ length: 8 }, (_, k) => op('st.dw', 10, 0, -64 + k * 8, rng.below(3))),
  ];
  const body: Insn[] = [];
  while (body.length < length) body.push(...piece(rng));
  const insns = [...prologue, ...body, ...(rng.chance(0.9) ? [op('mov64.k', 0, 0, 0, 1)] : []), exit()];
  return program(aimJumps(rng, insns), 'xdp', MAPS);
}

const scratch = (rng: Rng): number => rng.pick([0, 0, 2, 3, 4, 5, 9]);

function piece(rng: Rng): Insn[] {
  const width = rng.pick(WIDTHS);
  const kind = rng.weighted([10, 6, 4, 5, 4, 3, 3, 2, 1]);
  switch (kind) {
    case 0: {
      const spec = rng.pick(NAMES.alu);
      return [op(spec.name, scratch(rng), scratch(rng), 0, Number(BigInt.asIntN(32, value64(rng))))];
    }
    case 1: {
      const spec = rng.pick(NAMES.jump);
      return [op(spec.name, scratch(rng), scratch(rng), 0, rng.below(4))];
    }
    case 2:
      return [op(`ldx.${width}`, scratch(rng), 7, rng.below(64))];
    case 3:
      return [op(`stx.${width}`, rng.pick([7, 10, 10]), scratch(rng), -8 * (1 + rng.below(8)))].map((i) =>
        i.dst === 7 ? { ...i, off: rng.below(56) } : i,
      );
    case 4: {
      const at = -8 * (1 + rng.below(8)) + rng.below(8 / BYTES[width]!) * BYTES[width]!;
      return [op(`ldx.${width}`, scratch(rng), 10, at)];
    }
    case 5:
      return lookup(rng);
    case 6:
      return change(rng);
    case 7: {
      const spec = rng.pick(NAMES.atomic);
      return [op(spec.name, rng.pick([7, 10]), scratch(rng), -8)].map((i) =>
        i.dst === 7 ? { ...i, off: 8 } : i,
      );
    }
    default:
      return [rng.pick([callHelper(5), callHelper(7), callHelper(8), nop(), op('ja', 0, 0, 1)])];
  }
}

function args(rng: Rng, index: number): Insn[] {
  return [
    loadMap(1, index),
    op('mov64.x', 2, 10),
    op('add64.k', 2, 0, 0, -64 + 8 * rng.below(4)),
    op('mov64.x', 3, 10),
    op('add64.k', 3, 0, 0, -32 + 8 * rng.below(3)),
    op('mov64.k', 4, 0, 0, rng.weighted([6, 1, 1, 1])),
  ];
}

/** Looks a key up and reads or changes the value when there is one. */
function lookup(rng: Rng): Insn[] {
  const index = rng.below(MAPS.length);
  const use = rng.pick([
    op('stx.w', 0, rng.pick([0, 9]), 4),
    op('ldx.dw', 9, 0, 0),
    op('atomic.add.dw', 0, 9, 0),
    op('st.b', 0, 0, 7, 0x5a),
  ]);
  return [...args(rng, index), callHelper(1), op('jeq64.k', 0, 0, 1, 0), use];
}

function change(rng: Rng): Insn[] {
  const set = op('st.w', 10, 0, -64 + 8 * rng.below(4), rng.below(4));
  return [set, ...args(rng, rng.below(MAPS.length)), callHelper(rng.pick([2, 2, 3]))];
}

/** Points every conditional jump with offset 0 a few instructions ahead. */
function aimJumps(rng: Rng, insns: readonly Insn[]): Insn[] {
  const jumps = new Set(NAMES.jump.map((s) => s.op));
  return insns.map((i, at) => {
    if (!jumps.has(i.op) || i.off !== 0) return i;
    // Counted in slots: an ld_imm64 on the way takes two, so some jumps land in its middle, which is a fault.
    return { ...i, off: Math.min(rng.below(8), insns.length - at - 2) };
  });
}

export function randomTest(rng: Rng): TestCase {
  const entry = (keySize: number, valueSize: number, key: number) => {
    const k = new Uint8Array(keySize);
    k[0] = key;
    if (keySize === 8) k[4] = rng.below(3);
    return { key: k, value: rng.bytes(valueSize) };
  };
  const maps = MAPS.map((m) =>
    [0, 1, 2].filter(() => rng.chance(0.5)).map((key) => entry(m.keySize, m.valueSize, key)),
  );
  const ctx = new Uint8Array(24);
  return { ctx, packet: rng.bytes(64 + rng.below(8)), maps, seed: rng.u32() };
}

/** A copy of the program with one to three instructions changed, without moving any jump target. */
export function mutate(rng: Rng, insns: readonly Insn[]): Insn[] {
  const result = [...insns];
  for (let n = 1 + rng.below(3); n > 0; n--) {
    const at = rng.below(result.length);
    const i = result[at]!;
    if (i.op === 0x18) continue;
    result[at] = rng.pick([
      nop(),
      { ...i, imm: rng.below(5) },
      { ...i, src: rng.below(10) },
      { ...i, dst: rng.below(10) },
      piece(rng).find((x) => x.op !== 0x18) ?? nop(),
    ]);
  }
  return result;
}
