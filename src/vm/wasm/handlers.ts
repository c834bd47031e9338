/**
 * One handler per row of the semantics table, and those of `Special`: what the dispatch loop does for an instruction.
 * A handler either advances and dispatches again, or leaves `exec` with a status.
 */
import type { AluOp, AtomicOp, JumpOp, LdAbsOp, LoadOp, OpSpec, StoreOp } from '../../isa/semantics.ts';
import { OPS } from '../../isa/semantics.ts';
import { HANDLERS, Special } from '../decode.ts';
import {
  FaultCode,
  FRAME_RECORD,
  FRAME_STRIDE,
  FRAMES,
  HELPER_EXIT,
  MAP,
  MAP_BYTES,
  MAPS,
  MAX_FRAMES,
  MapKind,
  RECORD,
} from '../layout.ts';
import { wasmAlgebra } from './algebra.ts';
import type { Code } from './assembler.ts';
import * as w from './assembler.ts';
import {
  CELL,
  cell,
  FN,
  field,
  finish,
  HEAD,
  hasShadow,
  jump,
  L,
  poisonRegister,
  r,
  reg32,
  reg64,
  SHADOW,
  setCell,
  setR,
  setReg32,
  setReg64,
  type Variant,
} from './parts.ts';

const algebra = wasmAlgebra(L.scratch32, L.scratch64);

/** What a handler needs to know of its surroundings. `next(n)` dispatches again from `n` blocks further in. */
interface Site {
  next: (depth: number) => Code;
  variant: Variant;
  delta: number;
}

/** Legacy positions from here on, as unsigned numbers, count from the network or the link header (linux/filter.h). */
const SKF_NET_OFF = 0xfff0_0000;
const SKF_LL_OFF = 0xffe0_0000;

const fail = (code: number): Code => finish(w.i32(code));
const advance = (site: Site, depth = 0): Code =>
  w.seq(w.set(L.pc, w.add32(w.get(L.pc), w.i32(RECORD))), site.next(depth));

function operand(kind: 'X' | 'K' | 'none', width: 32 | 64): Code {
  if (kind === 'none') return [];
  if (kind === 'K') return width === 64 ? field.imm64 : field.imm32;
  return width === 64 ? reg64(field.src) : reg32(field.src);
}

function alu(spec: AluOp, site: Site): Code {
  const dst = spec.width === 64 ? reg64(field.dst) : reg32(field.dst);
  const value = spec.eval(algebra, dst, operand(spec.operand, spec.width));
  return w.seq(spec.width === 64 ? setReg64(field.dst, value) : setReg32(field.dst, value), advance(site));
}

function conditional(spec: JumpOp, site: Site): Code {
  const dst = spec.width === 64 ? reg64(field.dst) : reg32(field.dst);
  return w.seq(
    w.when(
      spec.eval(algebra, dst, operand(spec.operand, spec.width)),
      jump(field.off32, site.variant, site.next(1)),
    ),
    advance(site),
  );
}

/** Sets `p` to the linear address of the simulated one in register `register` plus offset; faults outside the arena. */
function locate(register: Code): Code {
  return w.seq(
    w.set(L.relative, w.sub64(w.add64(reg64(register), field.off64), w.get(L.base))),
    w.when(
      w.geu64(w.get(L.relative), w.get(L.size)),
      finish(w.call(FN.outside, w.add64(w.get(L.relative), w.get(L.base)))),
    ),
    w.set(L.p, w.add32(w.wrap(w.get(L.relative)), w.get(L.arena))),
  );
}

function load(spec: LoadOp, site: Site): Code {
  const read = {
    1: spec.signed ? w.load64s8 : w.load64u8,
    2: spec.signed ? w.load64s16 : w.load64u16,
    4: spec.signed ? w.load64s32 : w.load64u32,
    8: w.load64,
  }[spec.size];
  return w.seq(
    locate(field.src),
    w.when(
      hasShadow(w.get(L.p), spec.size, SHADOW.READ, site.delta),
      w.seq(setReg64(field.dst, read(w.get(L.p))), advance(site, 1)),
    ),
    w.when(
      w.tee(L.status, w.call(FN.slowLoad, w.get(L.p), w.i32(spec.size), field.dst)),
      finish(w.get(L.status)),
    ),
    advance(site),
  );
}

const WRITTEN = SHADOW.READ | SHADOW.WRITE | SHADOW.DIRTY;

/** Makes `size` bytes at `p` ready to be written, or faults. */
function prepare(size: number, site: Site): Code {
  return w.when(
    w.eqz32(hasShadow(w.get(L.p), size, WRITTEN, site.delta)),
    w.when(w.tee(L.status, w.call(FN.prepare, w.get(L.p), w.i32(size))), finish(w.get(L.status))),
  );
}

const STORE = { 1: w.store64as8, 2: w.store64as16, 4: w.store64as32, 8: w.store64 };

function store(spec: StoreOp, site: Site): Code {
  return w.seq(
    locate(field.dst),
    prepare(spec.size, site),
    STORE[spec.size](w.get(L.p), operand(spec.operand, 64)),
    advance(site),
  );
}

function atomic(spec: AtomicOp, site: Site): Code {
  const wide = spec.size === 8;
  const narrow = (register: Code): Code => (wide ? reg64(register) : reg32(register));
  const old = wide ? w.get(L.value) : w.wrap(w.get(L.value));
  const updated = spec.eval(algebra, old, narrow(field.src), narrow(w.i32(0)));
  const keep = spec.result === 'src' ? setReg64(field.src, w.get(L.value)) : setR(0, w.get(L.value));
  return w.seq(
    locate(field.dst),
    // It reads before it writes: unwritten bytes must not become readable by it.
    w.when(
      w.eqz32(hasShadow(w.get(L.p), spec.size, SHADOW.READ, site.delta)),
      w.seq(
        w.set(L.status, w.call(FN.slowLoad, w.get(L.p), w.i32(spec.size), w.i32(-1))),
        finish(w.get(L.status)),
      ),
    ),
    prepare(spec.size, site),
    w.set(L.value, wide ? w.load64(w.get(L.p)) : w.load64u32(w.get(L.p))),
    wide ? w.store64(w.get(L.p), updated) : w.store32(w.get(L.p), updated),
    spec.result === 'none' ? [] : keep,
    advance(site),
  );
}

const clobber = w.seq(...[1, 2, 3, 4, 5].map(poisonRegister));

/** Legacy packet loads: r6 is the context; large negative positions count from the network or the link header. */
function legacyLoad(spec: LdAbsOp, site: Site): Code {
  const width = (spec.size * 8) as 8 | 16 | 32;
  const read = { 1: w.load32u8, 2: w.load32u16, 4: w.load32 }[spec.size];
  const position = spec.indirect ? w.add32(field.imm32, reg32(field.src)) : field.imm32;
  const quit = w.seq(setR(0, w.i64(0n)), finish(w.i32(HELPER_EXIT)));
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

function helperCall(site: Site): Code {
  return w.seq(
    w.when(w.tee(L.status, w.call(FN.helper, field.imm32)), finish(w.get(L.status))),
    clobber,
    advance(site),
  );
}

/** Lookup in a densely stored array; every other case goes to the helper model, which also judges what is wrong. */
function lookup(site: Site): Code {
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

function localCall(site: Site): Code {
  return w.seq(
    w.when(w.eq32(w.get(L.depth), w.i32(MAX_FRAMES - 1)), fail(FaultCode.BAD_CALL)),
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

function exit(site: Site): Code {
  return w.seq(
    w.when(w.eqz32(w.get(L.depth)), finish(w.i32(0))),
    w.call(FN.closeFrame, r(10)),
    setR(10, w.add64(r(10), w.i64(BigInt(FRAME_STRIDE)))),
    w.set(L.depth, w.sub32(w.get(L.depth), w.i32(1))),
    w.set(L.p, frameRecord),
    ...[6, 7, 8, 9].map((n, k) => setR(n, w.load64(w.get(L.p), FRAMES + 8 + k * 8))),
    clobber,
    jump(
      w.sub32(w.add32(w.load32(w.get(L.p), FRAMES), w.i32(RECORD)), w.get(L.pc)),
      { ...site.variant, coverage: false },
      site.next(0),
    ),
  );
}

function mayGoto(site: Site): Code {
  return w.seq(
    w.when(w.eqz32(w.get(L.budget)), jump(field.off32, site.variant, site.next(1))),
    w.set(L.budget, w.sub32(w.get(L.budget), w.i32(1))),
    advance(site),
  );
}

function ofRow(spec: OpSpec, site: Site): Code {
  switch (spec.kind) {
    case 'alu':
      return alu(spec, site);
    case 'jump':
      return conditional(spec, site);
    case 'goto':
      return jump(field.off32, site.variant, site.next(0));
    case 'load':
      return load(spec, site);
    case 'store':
      return store(spec, site);
    case 'atomic':
      return atomic(spec, site);
    case 'ldabs':
      return legacyLoad(spec, site);
    case 'ldimm64':
      return w.seq(setReg64(field.dst, field.imm64), advance(site));
    case 'maygoto':
      return mayGoto(site);
    case 'exit':
      return exit(site);
    case 'call':
      if (spec.target === 'helper') return helperCall(site);
      return spec.target === 'local' ? localCall(site) : fail(FaultCode.BAD_CALL);
    case 'cast':
      return fail(FaultCode.BAD_OPCODE);
  }
}

function special(handler: number, site: Site): Code {
  switch (handler) {
    case Special.NOP:
      return advance(site);
    case Special.END:
      return fail(FaultCode.BAD_JUMP);
    case Special.LD_MAP:
      return w.seq(setReg64(field.dst, w.add64(w.get(L.base), field.imm64)), advance(site));
    case Special.LD_MAP_VALUE:
      return w.seq(
        setReg64(
          field.dst,
          w.add64(
            w.add64(w.get(L.base), field.imm64),
            w.load64u32(w.add32(w.get(L.arena), field.off32), MAP.OFFSET),
          ),
        ),
        advance(site),
      );
    case Special.LOOKUP:
      return lookup(site);
    default:
      return fail(FaultCode.BAD_OPCODE);
  }
}

/** The dispatch loop. It only ends by returning from within. */
export function dispatchLoop(variant: Variant, delta: number, before: Code): Code {
  const depths = Array.from({ length: HANDLERS }, (_, h) => h);
  let code: Code = w.seq(before, w.brTable(field.handler, depths, Special.BAD));
  for (let h = 0; h < HANDLERS; h++) {
    // Inside handler h the blocks of the later handlers are still open, then comes the loop.
    const site: Site = { next: (depth) => w.br(HANDLERS - 1 - h + depth), variant, delta };
    const spec = OPS[h];
    code = w.seq(w.block(code), spec === undefined ? special(h, site) : ofRow(spec, site));
  }
  return w.loop(code);
}
