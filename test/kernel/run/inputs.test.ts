import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Insn, insn, OP_CALL, OP_EXIT, OP_LD_IMM64, PseudoLd } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import { KernelRunner, onOneCpu, playable } from '../../../src/kernel/index.ts';
import { waysToRun } from '../../../src/kernel/run/inputs.ts';
import type { Program } from '../../../src/program/program.ts';
import type { CtxField, HookName } from '../../../src/program/tables/hook-types.ts';
import { HOOKS } from '../../../src/program/tables/hooks.ts';
import { MapTypeId } from '../../../src/program/tables/maps.ts';
import { xdpProgram } from '../corpus.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const op = (name: string): number => opNamed(name).op;
const LOAD: Readonly<Record<number, string>> = { 1: 'ldx.b', 4: 'ldx.w', 8: 'ldx.dw' };

type Part = Pick<CtxField, 'name' | 'offset' | 'size'>;

/** Numbers that every program of the hook may read, whatever its attach type; raw records: 8 words. */
function numbers(hook: HookName): readonly Part[] {
  if (HOOKS[hook].ctxAccess === 'raw')
    return Array.from({ length: 8 }, (_, i) => ({ name: `word ${i}`, offset: 8 + 8 * i, size: 8 }));
  return HOOKS[hook].fields.filter(
    (f) => f.pointer === undefined && f.attachTypes === undefined && f.keepAccess === undefined,
  );
}

/** A program that copies the context's numbers, one 8-byte word each, into a map. */
function contextDump(hook: HookName): Program {
  const fields = numbers(hook);
  const body: Insn[] = [
    insn(op('mov64.x'), 6, 1),
    insn(op('st.w'), 10, 0, -4, 0),
    insn(op('mov64.x'), 2, 10),
    insn(op('add64.k'), 2, 0, 0, -4),
    insn(OP_LD_IMM64, 1, PseudoLd.MAP_FD),
    insn(OP_CALL, 0, 0, 0, 1),
    insn(op('jeq64.k'), 0, 0, fields.length * 2, 0),
    ...fields.flatMap((f, i) => [insn(op(LOAD[f.size]!), 1, 6, f.offset), insn(op('stx.dw'), 0, 1, i * 8)]),
    insn(op('mov64.k'), 0, 0, 0, 0),
    insn(OP_EXIT),
  ];
  const out = {
    name: 'out',
    type: MapTypeId.ARRAY,
    keySize: 4,
    valueSize: fields.length * 8,
    maxEntries: 1,
    flags: 0,
  };
  return { ...xdpProgram(body, [out]), hook, section: '' };
}

const packet = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  // An Ethernet header with a chosen type, then anything.
  fc
    .tuple(
      fc.constantFrom('ffffffffffff', '01005e000001', '000000000000', '021122334455'),
      fc.constantFrom('0800', '86dd', '0806', '8100', '05dc', '0004'),
      fc.uint8Array({ maxLength: 80 }),
    )
    .map(
      ([dst, type, rest]) =>
        new Uint8Array(Buffer.concat([Buffer.from(`${dst}0a0000000001${type}`, 'hex'), rest])),
    ),
);

describe.skipIf(!hasKernel)(`what a program sees is what its playable test case says${needsKernel}`, () => {
  test.each(['xdp', 'sched_cls', 'sched_act', 'socket_filter', 'cgroup_sock_addr', 'tracepoint'] as const)(
    'context of %s',
    (hook) => {
      const fields = numbers(hook);
      const program = contextDump(hook);
      onOneCpu(() => {
        const opened = KernelRunner.open(program);
        if (!opened.ok) throw new Error(opened.reason);
        const { runner } = opened;
        try {
          fc.assert(
            fc.property(packet, fc.uint8Array({ minLength: 192, maxLength: 192 }), (p, ctx) => {
              const given = { ctx, packet: p, maps: [], seed: 0 };
              const shown = runner.playable(given);
              const ran = runner.run(given);
              if (ran.status !== 'ran') throw new Error(ran.reason);
              expect(Buffer.from(ran.packet)).toEqual(Buffer.from(shown.packet));
              const value = ran.maps[0]?.[0]?.value ?? new Uint8Array(fields.length * 8);
              const view = new DataView(value.buffer, value.byteOffset);
              const seen = fields.map((f, i) => [f.name, view.getBigUint64(i * 8, true)]);
              expect(seen).toEqual(fields.map((f) => [f.name, read(shown.ctx, f)]));
            }),
            { numRuns: 60, seed: 5 },
          );
        } finally {
          runner.close();
        }
      });
    },
  );
});

function read(ctx: Uint8Array, f: Part): bigint {
  let v = 0n;
  for (let b = f.size - 1; b >= 0; b--) v = (v << 8n) | BigInt(ctx[f.offset + b]!);
  return v;
}

test('playing is idempotent', () => {
  for (const hook of Object.keys(HOOKS) as HookName[])
    for (const { runner } of waysToRun(hook))
      fc.assert(
        fc.property(packet, fc.uint8Array({ minLength: 192, maxLength: 192 }), (p, ctx) => {
          const once = playable(hook, runner, { ctx, packet: p, maps: [], seed: 0 });
          const twice = playable(hook, runner, once);
          expect(Buffer.compare(twice.packet, once.packet) + Buffer.compare(twice.ctx, once.ctx)).toBe(0);
        }),
        { numRuns: 10, seed: 6 },
      );
});
