/**
 * What differential runs cannot see of two programs: effects that leave the program and that nobody reads
 * back. Silence about them would look like agreement.
 */
import { type Insn, isHelperCall, OP_CALL, PseudoCall, R10 } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { Helper, helperById } from '../../program/tables/helpers.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import { MapTypeId, mapType } from '../../program/tables/maps.ts';
import { visibleContext } from '../run/inputs.ts';
import type { KernelRunner } from '../run/run.ts';

/** Helpers whose output is compared where the ring buffer can be read. */
const RING: ReadonlySet<number> = new Set([
  Helper.ringbuf_output,
  Helper.ringbuf_reserve,
  Helper.ringbuf_submit,
  Helper.ringbuf_discard,
  Helper.ringbuf_reserve_dynptr,
  Helper.ringbuf_submit_dynptr,
  Helper.ringbuf_discard_dynptr,
]);
/** Said of the helpers that use them. */
const SAID_ELSEWHERE: ReadonlySet<number> = new Set([
  MapTypeId.PROG_ARRAY,
  MapTypeId.PERF_EVENT_ARRAY,
  MapTypeId.STACK_TRACE,
  MapTypeId.CGROUP_ARRAY,
  MapTypeId.XSKMAP,
  MapTypeId.ARRAY_OF_MAPS,
  MapTypeId.HASH_OF_MAPS,
]);

/** One phrase per thing, for programs that ran in these runners; both have the same maps. */
export function uncompared(a: KernelRunner, b: KernelRunner): string[] {
  const insns = [...a.program.insns, ...b.program.insns];
  return [
    ...helperEffects(insns, a),
    ...closedMaps(a),
    ...innerMaps(a),
    ...hiddenFields(insns, a),
    ...(insns.some((i) => i.op === OP_CALL && i.src === PseudoCall.KFUNC)
      ? ['what kernel functions change']
      : []),
  ];
}

function helperEffects(insns: readonly Insn[], runner: KernelRunner): string[] {
  const called = new Set(insns.flatMap((i) => (isHelperCall(i) ? [i.imm] : [])));
  const ringsSeen = runner.maps.maps.every((m) => m.def.type !== MapTypeId.RINGBUF || m.isOutput);
  return [...called].flatMap((id) => {
    const { name, effects, known } = helperById(id);
    if (id === Helper.tail_call) return ['what tail calls lead to (prog arrays are empty, so each fails)'];
    if (RING.has(id) && ringsSeen) return [];
    if (!known) return [`what helper ${id} does`];
    if (effects.includes('redirect')) return [`where ${name} sends packets`];
    if (effects.includes('output')) return [`what ${name} writes`];
    if (effects.includes('kernelState')) return [`what ${name} changes in the kernel`];
    return [];
  });
}

function closedMaps({ maps }: KernelRunner): string[] {
  return maps.maps
    .filter((m) => m.access === 'closed' && !m.isOutput && !SAID_ELSEWHERE.has(m.def.type))
    .map(({ def }) => `contents of map ${def.name} (${mapType(def.type)?.name ?? `type ${def.type}`})`);
}

/** Maps that the program only reaches through another one. */
function innerMaps({ program }: KernelRunner): string[] {
  const named = new Set(program.maps.map((m) => m.name));
  return program.maps
    .filter((m) => m.type === MapTypeId.ARRAY_OF_MAPS || m.type === MapTypeId.HASH_OF_MAPS)
    .flatMap(({ name, values = [] }) => {
      if (values.length === 0) return [`what is done with maps in ${name} (it is empty)`];
      const hidden = [...new Set(values.map((v) => v.map.name))].filter((n) => !named.has(n));
      return hidden.length === 0 ? [] : [`contents of ${hidden.join(', ')} in map ${name}`];
    });
}

/** Fields that a program may store to and a test run does not give back. */
function hiddenFields(insns: readonly Insn[], { program, way }: KernelRunner): string[] {
  const { fields } = HOOKS[program.hook];
  const shown = visibleContext(program.hook, way.runner);
  const isShown = (at: number): boolean => shown.some(([from, n]) => at >= from && at < from + n);
  const stored = new Set(insns.flatMap((i) => (specOf(i)?.kind === 'store' && i.dst !== R10 ? [i.off] : [])));
  const hidden = fields.filter((f) => f.write && stored.has(f.offset) && !isShown(f.offset));
  const names = [...new Set(hidden.map((f) => f.array ?? f.name))];
  return names.length === 0
    ? []
    : [`stores to context fields that a test run does not give back: ${names.join(', ')}`];
}
