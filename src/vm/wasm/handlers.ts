/**
 * One handler per row of the semantics table, and those of `Special`: what the dispatch loop does for an
 * instruction. A handler either advances and dispatches again, or leaves `exec` with a status.
 */
import type { AluOp, AtomicOp, JumpOp, LoadOp, OpSpec, StoreOp } from '../../isa/semantics.ts';
import { OPS } from '../../isa/semantics.ts';
import { FaultCode, MAP } from '../memory/layout.ts';
import { wasmAlgebra } from './algebra.ts';
import type { Code } from './assembler.ts';
import * as w from './assembler.ts';
import { exit, helperCall, legacyLoad, localCall, lookup } from './calls.ts';
import { HANDLERS, Special } from './decode.ts';
import {
  advance,
  FN,
  fail,
  field,
  finish,
  hasShadow,
  jump,
  L,
  reg32,
  reg64,
  SHADOW,
  type Site,
  setR,
  setReg32,
  setReg64,
  type Variant,
} from './parts.ts';

const algebra = wasmAlgebra(L.scratch32, L.scratch64);

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

/**
 * Sets `p` to the linear address of the simulated one in register `register` plus offset; faults outside the
 * arena.
 */
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

/** The dispatch loop: `before` runs ahead of every instruction. It only ends by returning from within. */
export function dispatchLoop(variant: Variant, delta: number, before: Code): Code {
  const depths = Array.from({ length: HANDLERS }, (_, h) => h);
  const handlers = depths.map((h) => {
    // Inside handler h the blocks of the later handlers are still open, then comes the loop.
    const site: Site = { next: (depth) => w.br(HANDLERS - 1 - h + depth), variant, delta };
    const spec = OPS[h];
    return spec === undefined ? special(h, site) : ofRow(spec, site);
  });
  return w.loop(w.nestedBlocks(w.seq(before, w.brTable(field.handler, depths, Special.BAD)), handlers));
}
