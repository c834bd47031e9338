/**
 * What holds before an instance of a form and is read after it: anything that its conditions do not exclude.
 */

import { between, constant, UNKNOWN, withId } from '../../../analysis/domain/scalar.ts';
import { EMPTY_STACK, STACK_SIZE, type Stack, storeToStack } from '../../../analysis/domain/stack.ts';
import { pointer, region, type Value } from '../../../analysis/domain/value.ts';
import { R10 } from '../../../isa/insn.ts';
import { specOf } from '../../../isa/semantics.ts';
import type { MapDef } from '../../../program/program.ts';
import { MapTypeId } from '../../../program/tables/maps.ts';
import type { WindowContext } from '../../../verify/index.ts';
import { evaluate } from '../expression.ts';
import { type Match, numberOf } from '../match.ts';
import type { Form } from '../rule.ts';
import type { Choice } from './choice.ts';
import { FAR_EXIT } from './instances.ts';

const ALL_BITS = 0xffff_ffff_ffff_ffffn;
/** Pointers of instances go to its middle. */
const MAP: MapDef = {
  name: 'values',
  type: MapTypeId.ARRAY,
  keySize: 4,
  valueSize: 128,
  maxEntries: 8,
  flags: 0,
};
const MIDDLE = 64;
/** Bytes of the stack that instances may read. */
const STACK_BYTES = 64;

/** Undefined where the form accesses memory in a way that no program may. */
export function contextFor(form: Form, choice: Choice, match: Match): WindowContext | undefined {
  const registers: Value[] = Array.from({ length: R10 }, (_, n) => withId(UNKNOWN, n + 1));
  registers.push(pointer(region.stack(0)));
  const isPrivate = new Set(
    form.given.flatMap((g) => (g.kind === 'private' ? [numberOf(g.register, match.registers)!] : [])),
  );
  for (const { base, off, size } of accessesOf(form, match)) {
    if (base === R10 && (off >= 0 || off < -STACK_BYTES)) return undefined;
    if (off % size !== 0) return undefined;
    if (base === R10) continue;
    registers[base] = isPrivate.has(base)
      ? pointer(region.stack(0), 0, -STACK_BYTES / 2)
      : pointer(region.mapValue(0), base + 1, MIDDLE);
  }
  for (const [n, value] of choice.known) registers[n] = constant(value);
  const live = new Array<bigint>(R10 + 1).fill(ALL_BITS);
  for (const given of form.given) {
    const n = numberOf(given.register, match.registers)!;
    if (given.kind === 'dead') live[n] = 0n;
    if (given.kind === 'dead' || given.kind === 'private') continue;
    const value = evaluate(given.expression, match.constants);
    if (value === undefined || n === R10) return undefined;
    registers[n] =
      given.kind === 'equals' ? constant(BigInt.asUintN(64, value)) : between(0n, value - 1n, n + 1);
  }
  let stack: Stack = EMPTY_STACK;
  for (let off = -STACK_BYTES; off < 0; off += 8)
    stack = storeToStack(stack, STACK_SIZE + off, 8, UNKNOWN, 'best');
  const liveStack = new Uint8Array(STACK_SIZE).fill(1, STACK_SIZE - STACK_BYTES);
  const after = { liveRegisters: live, liveStack };
  return {
    registers,
    stack,
    frame: 0,
    ...after,
    exits: [{ to: FAR_EXIT, ...after }],
    returnBits: ALL_BITS,
    ctxFields: [],
    maps: [MAP],
    packetShared: false,
  };
}

/** Variables that a form accesses memory by. */
export function basesOf(form: Form): string[] {
  const bases = form.source.flatMap((line) => {
    const kind = line.kind === 'insn' ? specOf(line.insn)?.kind : undefined;
    if (line.kind !== 'insn') return [];
    return kind === 'load' ? [line.src] : kind === 'store' || kind === 'atomic' ? [line.dst] : [];
  });
  return [...new Set(bases.filter((name) => name !== undefined))];
}

function accessesOf(form: Form, match: Match): { base: number; off: number; size: number }[] {
  return form.source.flatMap((line) => {
    const spec = line.kind === 'insn' ? specOf(line.insn) : undefined;
    if (line.kind !== 'insn' || spec === undefined) return [];
    if (spec.kind !== 'load' && spec.kind !== 'store' && spec.kind !== 'atomic') return [];
    const name = spec.kind === 'load' ? line.src : line.dst;
    const literal = spec.kind === 'load' ? line.insn.src : line.insn.dst;
    const base = name === undefined ? literal : match.registers.get(name)!;
    const off = line.off === undefined ? line.insn.off : Number(evaluate(line.off, match.constants));
    return [{ base, off, size: spec.size }];
  });
}
