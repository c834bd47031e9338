/**
 * Context bytes per hook: fields that follow from the packet, fields that the program compares, unknown
 * others.
 */
import type { Rng } from '../../base/random.ts';
import type { CtxField, Hook } from '../../program/tables/hook-types.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import type { LearnedConstants } from './constants.ts';

/** __sk_buff fields whose value the kernel derives from the packet. */
const FROM_PACKET: Readonly<Record<string, (packet: Uint8Array) => number>> = {
  len: (p) => p.length,
  protocol: (p) => (p[12] ?? 0) | ((p[13] ?? 0) << 8),
};

/**
 * @param wild false: only values that BPF_PROG_TEST_RUN of a kernel would produce from a bare packet; true:
 *   every readable field takes any value.
 */
export function randomContext(
  hookName: Hook['name'],
  packet: Uint8Array,
  rng: Rng,
  learned: LearnedConstants,
  wild: boolean,
): Uint8Array {
  const hook = HOOKS[hookName];
  if (hook.ctxAccess === 'raw') return rawRecord(hook, rng, learned);
  const ctx = new Uint8Array(hook.ctxSize);
  for (const field of hook.fields) {
    if (field.pointer !== undefined) continue;
    const derived = FROM_PACKET[field.name];
    if (hook.packet !== 'none' && derived !== undefined) put(ctx, field, derived(packet));
    else if (hook.packet === 'none' || wild || field.name === 'cb') randomField(ctx, field, rng, learned);
    else if (field.name.endsWith('ifindex')) put(ctx, field, field.name === 'egress_ifindex' ? 0 : 1);
  }
  return ctx;
}

function rawRecord(hook: Hook, rng: Rng, learned: LearnedConstants): Uint8Array {
  const size = Math.min(hook.ctxSize, Math.max(64, (learned.furthestAccess + 7) & ~7));
  const ctx = new Uint8Array(size);
  for (let offset = 0; offset < size; offset += 4)
    randomField(ctx, { name: '', offset, size: 4, write: false, narrow: true }, rng, learned);
  return ctx;
}

function randomField(ctx: Uint8Array, field: CtxField, rng: Rng, learned: LearnedConstants): void {
  for (let at = 0; at < field.size; at += 4) {
    const kind = rng.unit();
    const value =
      kind < 0.35
        ? rng.pick(learned.u32)
        : kind < 0.5
          ? rng.pick(learned.u16)
          : kind < 0.75
            ? rng.below(16)
            : rng.u32();
    put(ctx, { ...field, offset: field.offset + at, size: Math.min(4, field.size - at) }, value);
  }
}

function put(ctx: Uint8Array, field: CtxField, value: number): void {
  for (let b = 0; b < Math.min(4, field.size); b++) ctx[field.offset + b] = value >>> (8 * b);
}
