/**
 * Random XDP programs in the shape of real ones: packet and map accesses behind their checks, values on the
 * stack, branches, helper and local calls. Text for the assembler, so that a finding can be read. Whether the
 * kernel accepts one is not certain: the campaign asks.
 *
 *   r6 context   r7 packet (checked up to PACKET bytes)   r8 a number   r9 map value of `arr` or a number
 *   fp-64 .. fp-1 written at the start; fp-72..-65 key, fp-88..-73 value of updates
 */

import type { Rng } from '../../src/base/random.ts';
import { assemble } from '../../src/isa/index.ts';
import type { Program } from '../../src/program/program.ts';

const PACKET = 48;
const STACK = 64;
const MAPS = [
  { name: 'arr', type: 2, keySize: 4, valueSize: 32, maxEntries: 4, flags: 0 },
  { name: 'hash', type: 1, keySize: 8, valueSize: 16, maxEntries: 16, flags: 0 },
] as const;
const ALU = ['+=', '-=', '*=', '|=', '&=', '^=', '<<=', '>>=', 's>>=', '/=', '%='];
const JUMPS = ['==', '!=', '>', '>=', '<', '<=', 's>', 's>=', 's<', 's<=', '&'];
const EDGES = [0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 255, 256, 0xffff, 0x7fffffff, -1, -2, -256, -0x80000000];
const ATOMICS = ['+=', '|=', '&=', '^='];

class Writer {
  readonly lines: string[] = [];
  private readonly rng: Rng;
  private labels = 0;
  private readonly prefix: string;
  private readonly subs: boolean;

  constructor(rng: Rng, prefix: string, subs: boolean) {
    this.rng = rng;
    this.prefix = prefix;
    this.subs = subs;
  }

  put(...lines: string[]): void {
    this.lines.push(...lines);
  }

  label(): string {
    return `${this.prefix}${this.labels++}`;
  }

  constant(): number {
    return this.rng.chance(0.25) ? this.rng.u32() | 0 : this.rng.pick(EDGES);
  }

  /** A register that holds a number, always. */
  num(): string {
    return `r${this.rng.pick([0, 1, 2, 3, 4, 5, 8])}`;
  }

  wide(r: string): string {
    return this.rng.chance(0.35) ? r.replace('r', 'w') : r;
  }

  size(): { name: string; bytes: number } {
    const bytes = this.rng.pick([1, 2, 4, 8]);
    return { name: `u${bytes * 8}`, bytes };
  }

  stackPlace(bytes: number): string {
    return `*(u${bytes * 8} *)(r10 - ${STACK - bytes * this.rng.below(STACK / bytes)})`;
  }

  packetPlace(bytes: number): string {
    return `*(u${bytes * 8} *)(r7 + ${this.rng.below(PACKET - bytes + 1)})`;
  }

  alu(): void {
    const { rng } = this;
    const d = this.wide(this.num());
    const kind = rng.below(10);
    if (kind === 0) this.put(`${d} = ${this.constant()}`);
    else if (kind === 1) this.put(`${d} = ${d[0]}${this.num().slice(1)}`);
    else if (kind === 2) this.put(`${d} = -${d}`);
    else if (kind === 3) {
      const r = `r${d.slice(1)}`;
      this.put(`${r} = ${rng.pick(['be', 'le'])}${rng.pick([16, 32, 64])} ${r}`);
    } else {
      const op = rng.pick(ALU);
      const shift = op.includes('<<') || op.includes('>>');
      const k = shift ? rng.below(d[0] === 'w' ? 32 : 64) : this.constant();
      const useK = rng.chance(0.6) && !((op === '/=' || op === '%=') && k === 0);
      this.put(`${d} ${op} ${useK ? k : `${d[0]}${this.num().slice(1)}`}`);
    }
  }

  memory(): void {
    const { rng } = this;
    const { name, bytes } = this.size();
    const place = rng.chance(0.5) ? this.stackPlace(bytes) : this.packetPlace(bytes);
    if (rng.chance(0.5)) this.put(`${this.num()} = ${place.replace('u', 'u')}`);
    else if (rng.chance(0.35)) this.put(`${place} = ${this.constant()}`);
    else this.put(`${place} = ${this.num()}`);
    void name;
  }

  /** r1..r5 are unreadable after a call. */
  refill(): void {
    for (let r = 1; r <= 5; r++) {
      const kind = this.rng.below(3);
      if (kind === 0) this.put(`r${r} = ${this.constant()}`);
      else if (kind === 1) this.put(`r${r} = ${this.stackPlace(this.size().bytes)}`);
      else this.put(`r${r} = ${this.packetPlace(this.size().bytes)}`);
    }
  }

  key(map: number): string {
    const at = -72;
    if (map === 0) {
      if (this.rng.chance(0.4)) this.put(`*(u32 *)(r10 - 72) = ${this.rng.below(5)}`);
      else {
        const r = this.num();
        if (this.rng.chance(0.6)) this.put(`${r} &= 3`);
        this.put(`*(u32 *)(r10 - 72) = ${r}`);
      }
    } else if (this.rng.chance(0.5)) {
      this.put(`*(u64 *)(r10 - 72) = ${this.num()}`);
    } else {
      this.put(`*(u32 *)(r10 - 72) = ${this.num()}`, `*(u32 *)(r10 - 68) = ${this.rng.pick([0, 1, 7])}`);
    }
    return `r2 += ${at}`;
  }

  value(base: string, map: number): void {
    const limit = MAPS[map]!.valueSize;
    for (let n = 1 + this.rng.below(3); n > 0; n--) {
      const { bytes } = this.size();
      const off = bytes * this.rng.below(limit / bytes);
      const place = `*(u${bytes * 8} *)(${base} + ${off})`;
      const kind = this.rng.below(5);
      const num = this.rng.pick(['r1', 'r2', 'r3', 'r4', 'r5', 'r8']);
      if (kind === 0) this.put(`${num} = ${place}`);
      else if (kind === 1) this.put(`${place} = ${num}`);
      else if (kind === 2) this.put(`${place} = ${this.constant()}`);
      else if (kind === 3 || bytes < 4)
        this.put(`${num} = ${place}`, `${num} += ${this.rng.pick(['1', 'r8', '-1'])}`, `${place} = ${num}`);
      else this.put(`lock ${place} ${this.rng.pick(ATOMICS)} ${num}`);
    }
  }

  lookup(): void {
    const map = this.rng.below(2);
    const out = this.label();
    const end = this.label();
    const add = this.key(map);
    this.put('r2 = r10', add, `r1 = map[id:${map}]`, 'call 1');
    this.refill();
    this.put(`if r0 == 0 goto ${out}`);
    this.value('r0', map);
    this.put(`r0 = ${this.constant()}`);
    if (this.rng.chance(0.3)) {
      this.put(`goto ${end}`, `${out}:`, `r8 = ${this.constant()}`, 'r0 = r8', `${end}:`);
    } else this.put(`${out}:`);
  }

  update(): void {
    const add = this.key(1);
    this.put(`*(u64 *)(r10 - 88) = ${this.num()}`, `*(u64 *)(r10 - 80) = ${this.num()}`);
    this.put('r2 = r10', add, 'r3 = r10', 'r3 += -88', 'r4 = 0', 'r1 = map[id:1]', 'call 2');
    this.refill();
  }

  localCall(): void {
    this.put(`r1 = ${this.num()}`, 'r2 = r10', `r2 += -${8 * (1 + this.rng.below(6))}`, 'r3 = r8');
    this.put(`call sub${this.rng.below(2)}`);
    this.refill();
  }

  branch(depth: number): void {
    const out = this.label();
    const d = this.wide(this.num());
    const rhs = this.rng.chance(0.6) ? `${this.constant()}` : `${d[0]}${this.num().slice(1)}`;
    this.put(`if ${d} ${this.rng.pick(JUMPS)} ${rhs} goto ${out}`);
    this.block(1 + this.rng.below(5), depth + 1);
    if (this.rng.chance(0.15)) this.put(`r0 = ${this.rng.below(5)}`, 'exit');
    else if (this.rng.chance(0.3)) {
      const end = this.label();
      this.put(`goto ${end}`, `${out}:`);
      this.block(1 + this.rng.below(3), depth + 1);
      this.put(`${end}:`);
      return;
    }
    this.put(`${out}:`);
  }

  block(count: number, depth: number): void {
    for (let n = 0; n < count; n++) {
      const kind = this.rng.below(20);
      if (kind < 8) this.alu();
      else if (kind < 14) this.memory();
      else if (kind < 16 && depth < 3) this.branch(depth);
      else if (kind === 16 && depth < 2) this.lookup();
      else if (kind === 17 && depth < 2) this.update();
      else if (kind === 18 && this.subs && depth < 2) this.localCall();
      else this.alu();
    }
  }
}

function subprogram(rng: Rng, name: string): string[] {
  const w = new Writer(rng, `${name}_`, false);
  w.put(`${name}:`);
  if (rng.chance(0.5)) w.put('r6 = r1', 'r8 = r3');
  for (let n = 2 + rng.below(4); n > 0; n--) {
    const kind = rng.below(5);
    const num = `r${rng.pick([1, 3])}`;
    if (kind === 0) w.put(`${num} ${rng.pick(['+=', '^=', '*='])} ${w.constant()}`);
    else if (kind === 1) w.put(`r3 = *(u${rng.pick([8, 16, 32, 64])} *)(r2 + 0)`);
    else if (kind === 2) w.put(`*(u${rng.pick([8, 16, 32, 64])} *)(r2 + 0) = ${num}`);
    else if (kind === 3)
      w.put(`*(u64 *)(r10 - 8) = ${num}`, `${num} = *(u${rng.pick([8, 16, 32])} *)(r10 - 8)`);
    else {
      const out = w.label();
      w.put(
        `if r1 ${rng.pick(JUMPS)} ${w.constant()} goto ${out}`,
        `r3 += 5`,
        `*(u64 *)(r2 + 0) = r3`,
        `${out}:`,
      );
    }
  }
  w.put(rng.chance(0.5) ? 'r0 = r3' : 'r0 = r1', 'exit');
  return w.lines;
}

/** @param length statements of the body, about */
export function richProgram(rng: Rng, length: number): { program: Program; text: string } {
  const subs = rng.chance(0.4);
  const w = new Writer(rng, 'l', subs);
  w.put(
    'r6 = r1',
    'r7 = *(u32 *)(r6 + 0)',
    'r2 = *(u32 *)(r6 + 4)',
    'r3 = r7',
    `r3 += ${PACKET}`,
    'if r3 > r2 goto short',
  );
  for (let at = 8; at <= STACK; at += 8)
    if (rng.chance(0.6)) w.put(`r1 = *(u64 *)(r7 + ${rng.below(PACKET - 7)})`, `*(u64 *)(r10 - ${at}) = r1`);
    else w.put(`*(u64 *)(r10 - ${at}) = ${w.constant()}`);
  w.put('*(u64 *)(r10 - 72) = 0', 'r0 = 1', `r8 = *(u32 *)(r7 + ${rng.below(40)})`);
  w.refill();
  w.block(length, 0);
  if (rng.chance(0.5)) w.put(`r0 ^= ${w.num()}`);
  if (rng.chance(0.5)) w.put(`*(u64 *)(r7 + 8) = ${w.num()}`);
  w.put('exit', 'short:', 'r0 = 1', 'exit');
  const main = assemble(w.lines.join('\n').replace(/call sub[01]/g, 'r0 = 0')).length;
  const used = [0, 1].filter((n) => w.lines.includes(`call sub${n}`));
  const bodies = used.map((n) => subprogram(rng, `sub${n}`));
  const text = [...w.lines, ...bodies.flat()].join('\n');
  const insns = assemble(text);
  const functions = [{ name: 'rich', start: 0, end: main }];
  for (const [k, body] of bodies.entries()) {
    const start = functions.at(-1)!.end;
    functions.push({ name: `sub${used[k]}`, start, end: start + assemble(body.join('\n')).length });
  }
  const program: Program = {
    name: 'rich',
    section: 'xdp',
    hook: 'xdp',
    license: 'GPL',
    insns,
    functions,
    maps: MAPS,
    origin: insns.map((_, i) => i),
    pinned: new Map(),
    provenance: { file: 'generated', sha256: '' },
  };
  return { program, text };
}
