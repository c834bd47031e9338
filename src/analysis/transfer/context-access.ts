/** Loads and stores of the context: what a field yields, and which kernels know it. */
import { needs } from '../../base/linux.ts';
import { type CtxAccess, ctxAccess } from '../../program/tables/context.ts';
import { fieldSince } from '../../program/tables/since.ts';
import type { SocketKind } from '../../program/tables/sockets.ts';
import { UNKNOWN } from '../domain/scalar.ts';
import type { AbstractState } from '../domain/state.ts';
import { NOT_STACK, pointer, region, type Value } from '../domain/value.ts';
import { type Env, newId } from './env.ts';

export function loadCtx(
  env: Env,
  state: AbstractState,
  index: number,
  off: number,
  size: 1 | 2 | 4 | 8,
  signed: boolean,
): Value {
  const found = ctxAccess(env.hook, env.program.attachType, off, size, 'read');
  // A pointer to the packet is 32 bits wide in the context; extending its sign makes no pointer.
  if (found === undefined || (signed && found.pointer !== undefined)) {
    env.report(index, `invalid bpf_context access off=${off} size=${size}`);
    return UNKNOWN;
  }
  checkField(env, index, found, off, size);
  if (isTracepointBuffer(env, off, size))
    return pointer(region.memory('tp_buffer', undefined, true), newId(env, state, index));
  switch (found.pointer) {
    case undefined:
      return UNKNOWN;
    case 'packet':
      return pointer(region.packet);
    case 'packet_end':
      return pointer(region.packetEnd);
    case 'packet_meta':
      return pointer(region.packetMeta);
    case 'sock':
    case 'sock_or_null':
      return pointer(
        region.opaque(socketOf(env, found.field?.name)),
        newId(env, state, index),
        0,
        found.pointer === 'sock_or_null',
      );
    case 'flow_keys':
      return pointer(region.memory('flow_keys', 56), newId(env, state, index));
    case 'opaque':
      return size === 8 ? NOT_STACK : UNKNOWN;
  }
}

export function checkCtxStore(env: Env, index: number, off: number, size: 1 | 2 | 4 | 8): void {
  const found = ctxAccess(env.hook, env.program.attachType, off, size, 'write');
  if (found === undefined) env.report(index, `invalid bpf_context access off=${off} size=${size}`);
  else checkField(env, index, found, off, size);
}

/** Only the kernel's rules know it: what may share memory with it does not follow from them. */
function isTracepointBuffer(env: Env, off: number, size: number): boolean {
  const isKernel = env.rules.precision === 'kernel';
  return isKernel && env.hook.name === 'raw_tracepoint_writable' && off === 0 && size === 8;
}

/** Older kernels do not know all fields. */
function checkField(env: Env, index: number, { field }: CtxAccess, off: number, size: number): void {
  const since = field === undefined ? 0 : fieldSince(env.hook.name, field);
  if (since > env.rules.linux)
    env.report(
      index,
      `invalid bpf_context access off=${off} size=${size}: field ${field?.name} ${needs(since)}`,
      since,
    );
}

/** `__sk_buff.sk` and the socket that a connection moves to may be small ones. */
function socketOf(env: Env, field: string | undefined): SocketKind {
  return field === 'migrating_sk' || env.hook.fields[0]?.name === 'len' ? 'sock_common' : 'sock';
}
