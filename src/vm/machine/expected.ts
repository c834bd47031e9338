/**
 * What a test is expected to leave behind, where the emitted comparison (wasm/distance.ts) looks for it: in
 * the arena's header, and in a list of the visible words that the source changes, {address, value, mask of
 * visible bytes}.
 */
import type { Arena } from '../memory/arena.ts';
import { CELL, ENTRY, HEAD, REGS, SHADOW } from '../memory/layout.ts';

/** Removes the marks that `markExpected` made for the selected test. */
export function forgetExpected(arena: Arena): void {
  const list = arena.head(HEAD.EXPECTED);
  for (let i = 0; i < arena.head(HEAD.EXPECTED_COUNT); i++) {
    const p = arena.u32(list + i * ENTRY) + arena.delta;
    for (let b = 0; b < 8; b++) arena.bytes[p + b]! &= ~SHADOW.EXPECTED;
  }
  arena.view.setUint32(arena.at + HEAD.EXPECTED_COUNT, 0, true);
}

/** Marks words as listed, so that the comparison takes them from the list; after the run is undone. */
export function markExpected(arena: Arena, words: readonly number[]): void {
  for (const word of words)
    for (let b = 0; b < 8; b++) arena.bytes[word + arena.delta + b]! |= SHADOW.EXPECTED;
}

/**
 * Writes down what the run that just ended left: the list goes to address `list`. Returns the words in it.
 */
export function noteExpected(arena: Arena, list: number): number[] {
  const { view, at } = arena;
  const words = listChangedWords(arena, list);
  view.setUint32(at + HEAD.EXPECTED, list, true);
  view.setUint32(at + HEAD.EXPECTED_COUNT, words.length, true);
  const r0 = view.getBigUint64(REGS, true) & view.getBigUint64(CELL.R0_MASK, true);
  view.setBigUint64(at + HEAD.EXPECTED_R0, r0, true);
  for (const [to, from] of [
    [HEAD.EXPECTED_DATA, HEAD.DATA],
    [HEAD.EXPECTED_DATA_END, HEAD.DATA_END],
    [HEAD.EXPECTED_DATA_META, HEAD.DATA_META],
  ] as const)
    arena.bytes.copyWithin(at + to, at + from, at + from + 8);
  view.setUint32(at + HEAD.EXPECTED_CALLS, arena.head(HEAD.CALLS), true);
  view.setUint32(at + HEAD.EXPECTED_STRUCTURE, arena.head(HEAD.STRUCTURE) === 0 ? 0 : 1, true);
  return words;
}

function listChangedWords(arena: Arena, list: number): number[] {
  const { view, bytes, delta } = arena;
  const words = new Set<number>();
  for (let p = arena.u32(CELL.LOG_BASE); p < arena.u32(CELL.LOG_TOP); p += ENTRY) {
    const word = arena.u32(p);
    const entry = list + words.size * ENTRY;
    let visible = false;
    for (let b = 0; b < 8; b++) {
      const seen = (bytes[word + delta + b]! & SHADOW.OUTPUT) !== 0;
      bytes[entry + 16 + b] = seen ? 0xff : 0;
      visible ||= seen;
    }
    if (!visible || words.has(word)) continue;
    view.setUint32(entry, word, true);
    bytes.copyWithin(entry + 8, word, word + 8);
    words.add(word);
  }
  return [...words];
}
