/**
 * Handlers of instructions that leave the program for a while: helper and local calls, exit, legacy packet
 * loads.
 */
import type { LdAbsOp } from '../../isa/semantics.ts';
import {
  FaultCode,
  FRAME_RECORD,
  FRAME_STRIDE,
  FRAMES,
  HELPER_EXIT,
  MAP,
  MAP_BYTES,
  MAPS,
  MapKind,
  RECORD,
} from '../memory/layout.ts';
import { wasmAlgebra } from './algebra.ts';
import type { Code } from './assembler.ts';
import * as w from './assembler.ts';
import {
  advance,
  CELL,
  cell,
  clobber,
  FN,
  fail,
  field,
  finish,
  HEAD,
  hasShadow,
  head32,
  jump,
  L,
  poisonRegister,
  r,
  reg32,
  SHADOW,
  type Site,
  setCell,
  setR,
} from './parts.ts';

const algebra = wasmAlgebra(L.scratch32, L.scratch64);

/**
 * Legacy positions from here on, as unsigned numbers, count from the network or the link header
 * (linux/filter.h).
 */
const SKF_NET_OFF = 0xfff0_0000;
const SKF_LL_OFF = 0xffe0_0000;

/** The running function ends here, and with the entry function the program. */
function leaveEarly(site: Site, nested: number): Code {
  return w.seq(w.when(w.eqz32(w.get(L.depth)), finish(w.i32(HELPER_EXIT))), backToCaller(site, nested));
}

/**
 * Legacy packet loads: r6 is the context; large negative positions count from the network or the link header.
 */
export function legacyLoad(spec: LdAbsOp, site: Site): Code {
  const width = (spec.size * 8) as 8 | 16 | 32;
  const read = { 1: w.load32u8, 2: w.load32u16, 4: w.load32 }[spec.size];
  const position = spec.indirect ? w.add32(field.imm32, reg32(field.src)) : field.imm32;
  const quit = w.seq(setR(0, w.i64(0n)), leaveEarly(site, 1));
  // Positions from `base` on count from the header that the word of the arena's head tells.
  const from = (base: number, header: number): Code =>
    w.add64(w.sub64(w.get(L.value), w.i64(BigInt(base))), w.load64s32(w.get(L.arena), header));
  const atLeast = (base: number): Code => w.geu64(w.get(L.value), w.i64(BigInt(base)));
  return w.seq(
    w.when(w.ne64(r(6), w.load64(w.get(L.arena), HEAD.R1)), fail(FaultCode.BAD_CALL)),
    w.set(L.value, w.extendU(position)),
    w.whenElse(
      atLeast(SKF_NET_OFF),
      w.set(L.value, from(SKF_NET_OFF, HEAD.NET_HEADER)),
      w.when(atLeast(SKF_LL_OFF), w.set(L.value, from(SKF_LL_OFF, HEAD.LINK_HEADER))),
    ),
    w.when(w.lts64(w.get(L.value), w.i64(0n)), quit),
    w.set(L.value, w.add64(w.load64(w.get(L.arena), HEAD.DATA), w.get(L.value))),
    w.when(
      w.gtu64(w.add64(w.get(L.value), w.i64(BigInt(spec.size))), w.load64(w.get(L.arena), HEAD.DATA_END)),
      quit,
    ),
    w.set(L.p, w.add32(w.wrap(w.sub64(w.get(L.value), w.get(L.base))), w.get(L.arena))),
    w.set(L.value, algebra.zext(algebra.bswap(read(w.get(L.p)), width), width, 64)),
    setR(0, w.get(L.value)),
    clobber,
    advance(site),
  );
}

export function helperCall(site: Site): Code {
  return w.seq(
    w.when(
      w.tee(L.status, w.call(FN.helper, field.imm32)),
      w.seq(
        w.when(w.ne32(w.get(L.status), w.i32(HELPER_EXIT)), finish(w.get(L.status))),
        leaveEarly(site, 1),
      ),
    ),
    clobber,
    advance(site),
  );
}

/**
 * Lookup in a densely stored array; every other case goes to the helper model, which also judges what is
 * wrong.
 */
export function lookup(site: Site): Code {
  const descriptor = w.add32(w.wrap(w.get(L.value)), w.get(L.arena));
  const d = (offset: number): Code => w.load32(w.get(L.scratch32), offset);
  const onFailure = (condition: Code): Code => w.when(condition, w.br(1));
  const fast = w.seq(
    w.set(L.value, w.sub64(r(1), w.get(L.base))),
    onFailure(
      w.geu64(w.sub64(w.get(L.value), w.i64(BigInt(MAPS))), w.load64u32(w.get(L.arena), HEAD.MAP_BYTES)),
    ),
    onFailure(w.and32(w.wrap(w.get(L.value)), w.i32(MAP_BYTES - 1))),
    w.set(L.scratch32, descriptor),
    onFailure(w.ne32(d(MAP.KIND), w.i32(MapKind.DENSE))),
    w.set(L.relative, w.sub64(r(2), w.get(L.base))),
    onFailure(w.geu64(w.get(L.relative), w.get(L.size))),
    w.set(L.p, w.add32(w.wrap(w.get(L.relative)), w.get(L.arena))),
    onFailure(w.eqz32(hasShadow(w.get(L.p), 4, SHADOW.READ, site.delta))),
    w.set(L.p, w.load32(w.get(L.p))),
    setR(0, w.i64(0n)),
    w.when(
      w.ltu32(w.get(L.p), d(MAP.MAX_ENTRIES)),
      setR(0, w.add64(w.get(L.base), w.extendU(w.add32(d(MAP.OFFSET), w.mul32(w.get(L.p), d(MAP.STRIDE)))))),
    ),
    clobber,
    advance(site, 1),
  );
  return w.seq(w.block(fast), helperCall(site));
}

const frameRecord = w.mul32(w.get(L.depth), w.i32(FRAME_RECORD));

export function localCall(site: Site): Code {
  return w.seq(
    w.when(w.eq32(w.add32(w.get(L.depth), w.i32(1)), head32(HEAD.FRAMES)), fail(FaultCode.BAD_CALL)),
    w.set(L.p, frameRecord),
    w.store32(w.get(L.p), w.get(L.pc), FRAMES),
    ...[6, 7, 8, 9].map((n, k) => w.store64(w.get(L.p), r(n), FRAMES + 8 + k * 8)),
    w.set(L.depth, w.add32(w.get(L.depth), w.i32(1))),
    w.when(w.gtu32(w.get(L.depth), cell(CELL.DEPTH)), setCell(CELL.DEPTH, w.get(L.depth))),
    setR(10, w.sub64(r(10), w.i64(BigInt(FRAME_STRIDE)))),
    w.call(FN.openFrame, r(10)),
    ...[0, 6, 7, 8, 9].map(poisonRegister),
    jump(field.off32, site.variant, site.next(0)),
  );
}

export function exit(site: Site): Code {
  return w.seq(w.when(w.eqz32(w.get(L.depth)), finish(w.i32(0))), backToCaller(site, 0));
}

/** @param nested blocks that this code stands in */
function backToCaller(site: Site, nested: number): Code {
  return w.seq(
    w.call(FN.closeFrame, r(10)),
    setR(10, w.add64(r(10), w.i64(BigInt(FRAME_STRIDE)))),
    w.set(L.depth, w.sub32(w.get(L.depth), w.i32(1))),
    w.set(L.p, frameRecord),
    ...[6, 7, 8, 9].map((n, k) => setR(n, w.load64(w.get(L.p), FRAMES + 8 + k * 8))),
    clobber,
    jump(
      w.sub32(w.add32(w.load32(w.get(L.p), FRAMES), w.i32(RECORD)), w.get(L.pc)),
      { ...site.variant, coverage: false },
      site.next(nested),
    ),
  );
}
