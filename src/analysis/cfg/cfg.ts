/**
 * Control flow of a program: basic blocks per function, their edges, order and loops, and the call graph.
 *
 *   in:   Program
 *   out:  Cfg; blocks of all functions in one list, in program order
 */

import { calleeOf, fallsThrough, jumpTarget, slotOffsets, successors } from '../../isa/flow.ts';
import { type Insn, OP_LD_IMM64, PseudoLd } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { isExceptionCallback } from '../../program/contracts/contract.ts';
import type { Program } from '../../program/program.ts';

/**
 * Instructions [start, end) that run one after the other. Edges stay inside the function; numbers are block
 * ids.
 */
export interface Block {
  id: number;
  start: number;
  end: number;
  /** Index into `Program.functions`. */
  fn: number;
  /** Fall-through first. */
  successors: readonly number[];
}

export interface CallEdge {
  /** Index of the `call` or of the `ld_imm64` that takes the function's address. */
  at: number;
  caller: number;
  callee: number;
  kind: 'call' | 'callback';
}

export interface Cfg {
  blocks: readonly Block[];
  /** Blocks that lead to each block. */
  predecessors: readonly (readonly number[])[];
  /** Block id of each instruction. */
  blockOf: Int32Array;
  /** First block of each function. */
  entries: readonly number[];
  /** Reverse postorder of the blocks that each function's entry reaches. */
  order: readonly (readonly number[])[];
  /** Position of a block in its function's `order`; -1 when unreachable there. */
  rank: Int32Array;
  /** Edges that go against the order: each loop has at least one. */
  backEdges: readonly { from: number; to: number }[];
  /** Blocks that a back edge enters. */
  loopHeads: ReadonlySet<number>;
  calls: readonly CallEdge[];
  /** Functions that the entry function reaches by calls or callbacks, itself included. */
  reachableFunctions: ReadonlySet<number>;
  /** Instructions that no path from the program's start reaches, in order. */
  unreachable: readonly number[];
  /** Slot number of each instruction. */
  offsets: Int32Array;
}

/** 1 for the first instructions of blocks. */
function leaders({ insns, functions }: Program, offsets: Int32Array): Uint8Array {
  const starts = new Uint8Array(insns.length + 1);
  for (const f of functions) starts[f.start] = 1;
  insns.forEach((i, index) => {
    const target = jumpTarget(insns, index, offsets);
    if (target !== undefined) starts[target] = 1;
    if (target !== undefined || !fallsThrough(i) || isJump(i)) starts[index + 1] = 1;
  });
  return starts;
}

function isJump(i: Insn): boolean {
  const kind = specOf(i)?.kind;
  return kind === 'jump' || kind === 'maygoto';
}

function blocksOf(program: Program, offsets: Int32Array): { blocks: Block[]; blockOf: Int32Array } {
  const { insns } = program;
  const starts = leaders(program, offsets);
  const blockOf = new Int32Array(insns.length).fill(-1);
  const blocks: Block[] = [];
  for (const [fn, range] of program.functions.entries()) {
    for (let start = range.start; start < range.end; ) {
      let end = start + 1;
      while (end < range.end && starts[end] === 0) end++;
      blockOf.fill(blocks.length, start, end);
      blocks.push({ id: blocks.length, start, end, fn, successors: [] });
      start = end;
    }
  }
  for (const b of blocks)
    b.successors = successors(insns, b.end - 1, offsets)
      .map((index) => blockOf[index]!)
      .filter((id) => blocks[id]?.fn === b.fn);
  return { blocks, blockOf };
}

/** Depth-first, without recursion: programs may have tens of thousands of blocks. */
function reversePostorder(blocks: readonly Block[], entry: number, seen: Uint8Array): number[] {
  const out: number[] = [];
  const stack = [{ id: entry, next: 0 }];
  seen[entry] = 1;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const s = blocks[top.id]!.successors[top.next++];
    if (s === undefined) {
      out.push(top.id);
      stack.pop();
    } else if (seen[s] === 0) {
      seen[s] = 1;
      stack.push({ id: s, next: 0 });
    }
  }
  return out.reverse();
}

function callsOf(program: Program, offsets: Int32Array): CallEdge[] {
  const starts = new Map(program.functions.map((f, n) => [f.start, n]));
  const calls: CallEdge[] = [];
  for (const [caller, range] of program.functions.entries())
    for (let at = range.start; at < range.end; at++) {
      const i = program.insns[at]!;
      const target = calleeOf(program.insns, at, offsets);
      const callee = target === undefined ? undefined : starts.get(target);
      if (callee === undefined) continue;
      const callback = i.op === OP_LD_IMM64 && i.src === PseudoLd.FUNC;
      calls.push({ at, caller, callee, kind: callback ? 'callback' : 'call' });
    }
  return calls;
}

/** Everything about where control can go. Never fails: what jumps out of the program simply has no edge. */
export function controlFlow(program: Program): Cfg {
  const offsets = slotOffsets(program.insns);
  const { blocks, blockOf } = blocksOf(program, offsets);
  const rank = new Int32Array(blocks.length).fill(-1);
  const seen = new Uint8Array(blocks.length);
  const entries = program.functions.map((f) => blockOf[f.start] ?? -1);
  const order = entries.map((entry) => (entry < 0 ? [] : reversePostorder(blocks, entry, seen)));
  for (const ids of order) for (const [n, id] of ids.entries()) rank[id] = n;
  const backEdges = blocks
    .filter((b) => rank[b.id]! >= 0)
    .flatMap((b) => b.successors.filter((s) => rank[s]! <= rank[b.id]!).map((to) => ({ from: b.id, to })));

  const all = callsOf(program, offsets);
  const live = (at: number): boolean => rank[blockOf[at]!]! >= 0;
  const reachableFunctions = new Set<number>();
  for (const [fn, f] of program.functions.entries())
    if (fn === 0 || isExceptionCallback(f)) reachableFunctions.add(fn);
  for (const fn of reachableFunctions)
    for (const c of all) if (c.caller === fn && live(c.at)) reachableFunctions.add(c.callee);
  const unreachable: number[] = [];
  for (let index = 0; index < program.insns.length; index++) {
    const block = blocks[blockOf[index]!];
    if (block === undefined || rank[block.id]! < 0 || !reachableFunctions.has(block.fn))
      unreachable.push(index);
  }
  const predecessors: number[][] = blocks.map(() => []);
  for (const b of blocks) for (const s of b.successors) predecessors[s]!.push(b.id);
  return {
    blocks,
    predecessors,
    blockOf,
    entries,
    order,
    rank,
    backEdges,
    loopHeads: new Set(backEdges.map((e) => e.to)),
    calls: all,
    reachableFunctions,
    unreachable,
    offsets,
  };
}
