import { describe, expect, it } from 'vitest';
import { assemble, levelOf, linuxOf, OPS, opsFor, parseIsa } from '../../src/isa/index.ts';

describe('levels', () => {
  it.each<[string, number, number]>([
    ['exit', 1, 318],
    ['lock *(u64 *)(r1 +0) += r2\nexit', 1, 318],
    ['if r1 < r2 goto +0\nexit', 2, 414],
    ['w1 = 5', 3, 318],
    ['if w1 == 5 goto +0', 3, 501],
    ['r1 = atomic64_fetch_add((u64 *)(r2 +0), r1)', 3, 512],
    ['r1 = (s8)r2', 4, 606],
    ['gotol +0', 4, 606],
    ['may_goto +0', 4, 609],
    ['r1 = load_acquire((u8 *)(r2 +0))', 4, 615],
    ['call pc+0\nexit', 1, 416],
    ['r1 = 0x1 ll', 1, 318],
    ['r1 = map[id:0]', 1, 318],
    ['r1 = map[id:0][0]+4', 1, 502],
    ['r1 = map[idx:0]', 1, 514],
    ['r1 = subprog[+0]', 1, 513],
  ])('%j asks for v%i and Linux %i', (text, level, linux) => {
    expect(levelOf(assemble(text))).toBe(level);
    expect(linuxOf(assemble(text))).toBe(linux);
  });

  it('asks for the least of an empty or unknown list', () => {
    expect([levelOf([]), linuxOf([])]).toEqual([1, 318]);
    expect(linuxOf(assemble('.insn 0xff, 0, 0, 0, 0'))).toBe(318);
  });

  it('lists what a target may emit', () => {
    const all = opsFor({ level: 4, linux: 9999 });
    expect(all).toEqual(OPS);
    const paper = opsFor({ level: 3, linux: 504 }).map((spec) => spec.name);
    expect(paper).toContain('jslt32.x');
    expect(paper).not.toContain('atomic.xchg.dw');
    expect(paper).not.toContain('ldxsx.b');
    expect(opsFor({ level: 1, linux: 504 }).every((spec) => spec.level === 1)).toBe(true);
  });

  it.each([
    ['v1', 1],
    ['V3', 3],
    ['4', 4],
    ['v5', undefined],
    ['', undefined],
    ['v33', undefined],
  ])('--isa %j', (name, level) => {
    expect(parseIsa(name)).toBe(level);
  });
});
