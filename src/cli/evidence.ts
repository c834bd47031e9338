/**
 * A counterexample that people can check: the input, both outcomes, where they part, and who has seen it.
 *
 *   test case --our interpreter--> two outcomes --partings--> outputs that differ
 *             --running kernel-->  the same, or why it was not asked
 */
import { kernelDiff } from '../kernel/index.ts';
import type { Program } from '../program/program.ts';
import { HOOKS } from '../program/tables/hooks.ts';
import { type Counterexample, type OutcomeDifference, outcomeDifferences } from '../verify/index.ts';
import { createMachine } from '../vm/machine/machine.ts';
import type { TestCase } from '../vm/types.ts';

export interface Evidence {
  test: TestCase;
  /** Outputs that differ in our interpreter. */
  outputs: readonly OutcomeDifference[];
  kernel: { status: 'differs' | 'agrees' | 'not asked'; detail: string };
}

/** @param askKernel run it there too, where that is possible */
export function evidenceOf(
  a: Program,
  b: Program,
  c: Counterexample,
  askKernel: boolean,
): Evidence | undefined {
  const { test } = c;
  if (test === undefined) return undefined;
  const machine = createMachine(a);
  machine.setTests([test]);
  const outputs = outcomeDifferences(a, machine.run(a.insns, 0), machine.run(b.insns, 0));
  return { test, outputs, kernel: askKernel ? inKernel(a, b, test) : notAsked('switched off') };
}

function notAsked(detail: string): Evidence['kernel'] {
  return { status: 'not asked', detail };
}

function inKernel(a: Program, b: Program, test: TestCase): Evidence['kernel'] {
  const report = kernelDiff(a, b, [test], { limit: 1 });
  if (report.status === 'cannot run') return notAsked(report.reason);
  if (report.difference !== undefined) {
    const places = Object.entries(report.difference.places);
    return { status: 'differs', detail: places.map(([p, [x, y]]) => `${p}: ${x} and ${y}`).join(', ') };
  }
  const skipped = Object.keys(report.skipped).join('; ');
  if (report.runs === 0) return notAsked(skipped);
  return { status: 'agrees', detail: 'addresses and results of calls are its own there: see docs/limits.md' };
}

const LINE = 16;
const MOST_LINES = 8;

/** An input, for people, without indentation. */
export function inputText(program: Program, test: TestCase): string[] {
  const lines = ['input:'];
  if (HOOKS[program.hook].packet !== 'none' || test.packet.length > 0)
    lines.push(
      `  packet, ${test.packet.length} bytes${test.packet.length === 0 ? '' : ':'}`,
      ...dump(test.packet),
    );
  lines.push(...contextText(program, test.ctx));
  program.maps.forEach((m, i) => {
    for (const { key, value } of test.maps[i] ?? [])
      if (m.readonly !== true) lines.push(`  map ${m.name}: ${hex(key)} -> ${short(value)}`);
  });
  return lines;
}

/** Lines for people, without indentation. */
export function evidenceText(program: Program, e: Evidence): string[] {
  const lines = [...inputText(program, e.test), 'outputs (first, second):'];
  for (const o of e.outputs) lines.push(`  ${o.what}: ${clip(o.first)}, ${clip(o.second)}`);
  lines.push(e.outputs.length === 0 ? 'our interpreter sees no difference' : 'seen by our interpreter');
  const { status, detail } = e.kernel;
  lines.push(
    status === 'differs'
      ? `seen by the running kernel: ${clip(detail)}`
      : status === 'agrees'
        ? `the running kernel sees no difference on this input (${detail})`
        : `the running kernel was not asked: ${detail}`,
  );
  return lines;
}

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

function short(b: Uint8Array): string {
  if (b.every((x) => x === 0)) return `${b.length} zero bytes`;
  return clip(hex(b));
}

function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}...`;
}

function dump(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length && lines.length < MOST_LINES; at += LINE) {
    const row = [...bytes.subarray(at, at + LINE)].map((b) => b.toString(16).padStart(2, '0'));
    lines.push(`    ${at.toString(16).padStart(4, '0')}  ${row.join(' ')}`);
  }
  const left = bytes.length - MOST_LINES * LINE;
  return left > 0 ? [...lines, `    ... ${left} more (--json has them)`] : lines;
}

/** Fields that are not zero; raw contexts as bytes. */
function contextText(program: Program, ctx: Uint8Array): string[] {
  const hook = HOOKS[program.hook];
  if (hook.ctxAccess === 'raw') {
    if (ctx.every((b) => b === 0)) return [`  context, ${ctx.length} zero bytes`];
    return [`  context, ${ctx.length} bytes:`, ...dump(ctx)];
  }
  const set = hook.fields.flatMap((f) => {
    if (f.pointer !== undefined || f.size > 8 || f.offset + f.size > ctx.length) return [];
    let v = 0n;
    for (let k = f.size - 1; k >= 0; k--) v = (v << 8n) | BigInt(ctx[f.offset + k]!);
    return v === 0n ? [] : [`${f.name} = ${v}`];
  });
  return set.length === 0 ? [] : [`  context: ${set.join(', ')}`];
}

/** A window's start under which it differs, for people. */
export function startText({ registers, memory }: Counterexample): string[] {
  const lines = ['start of the window:'];
  for (const [r, v] of registers) lines.push(`  r${r} = 0x${v.toString(16)}`);
  for (const [where, byte] of memory)
    lines.push(`  byte at ${where} = 0x${byte.toString(16).padStart(2, '0')}`);
  return lines;
}
