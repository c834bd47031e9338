/**
 * A program of any size: what the optimizer makes of it, in which time and memory. One JSON line.
 *
 *   node node_modules/.cache/k2-bench/bench/large.js [slots] [proposals]
 *
 * The program is an unrolled classifier, block after block: two packet bytes put together, compared with a
 * constant of the block, and a counter of the block incremented.
 */

import { encode } from '../src/isa/codec.ts';
import { assemble } from '../src/isa/index.ts';
import { sizeInSlots } from '../src/isa/insn.ts';
import { OPTIMIZE_DEFAULTS } from '../src/optimizer/defaults.ts';
import { optimizeProgram } from '../src/optimizer/index.ts';
import type { Program } from '../src/program/program.ts';
import { readRaw } from '../src/program/raw/raw.ts';

/** Bytes of the packet that the blocks look at. */
const HEADER = 64;
const MAPS = 'counters { type = 2, key_size = 4, value_size = 8, max_entries = 1024, fd = 0 }\n';
const DESC = '{ pgm_input_type = 2, }\n{ max_pkt_sz = 64, }\n';

const START = `
  r7 = *(u32 *)(r1 +0)
  r1 = *(u32 *)(r1 +4)
  r2 = r7
  r2 += ${HEADER}
  if r2 > r1 goto end`;

function block(n: number): string {
  const at = (2 * n) % (HEADER - 1);
  return `
  r1 = *(u8 *)(r7 +${at})
  r2 = *(u8 *)(r7 +${at + 1})
  r2 <<= 8
  r2 |= r1
  r2 &= 65535
  if r2 != ${(n * 2654435761) % 65536} goto after${n}
  r1 = ${n % 1024}
  *(u32 *)(r10 -4) = r1
  r2 = r10
  r2 += -4
  r1 = map[id:0]
  call 1
  if r0 == 0 goto after${n}
  r1 = *(u64 *)(r0 +0)
  r1 += 1
  *(u64 *)(r0 +0) = r1
after${n}:`;
}

/** Slots of a block, and of what is around all of them. */
const [BLOCK, AROUND] = [17, 7];

function classifier(slots: number): Program {
  const blocks = Array.from({ length: Math.ceil((slots - AROUND) / BLOCK) }, (_, n) => block(n));
  const insns = assemble(`${START}${blocks.join('')}\nend:\n  r0 = 2\n  exit\n`);
  return readRaw({ file: 'classifier.insns', insns: encode(insns), maps: MAPS, desc: DESC });
}

const [slots = 10_000, steps = 100_000] = process.argv.slice(2).map(Number);
const program = classifier(slots);
const result = await optimizeProgram(program, { ...OPTIMIZE_DEFAULTS, steps });
const { user, system } = process.cpuUsage();
const { slotsBefore, slotsAfter, kernel, differential, rewrites } = result;
console.log(
  JSON.stringify({
    slotsBefore,
    slotsAfter,
    proposals: result.stats.steps,
    rewrites: rewrites.length,
    kernel: kernel.status,
    differential: differential.status,
    cpuSeconds: Number(((user + system) / 1e6).toFixed(1)),
    maxMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    slots: sizeInSlots(result.program.insns),
  }),
);
