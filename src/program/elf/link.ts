/**
 * The inverse of `references.ts`: instructions as an object stores them, with the relocations that complete
 * them.
 */
import { encode } from '../../isa/codec.ts';
import { type Insn, OP_CALL, OP_LD_IMM64, PseudoCall, PseudoLd, sameInsn } from '../../isa/insn.ts';
import type { ElfSymbol, Reloc } from './container/elf.ts';
import type { ObjectFile, Ref } from './object-types.ts';
import type { CodePlace, LayoutPlan, NewFunction } from './plan.ts';
import { RelocType } from './references.ts';
import type { SymbolFinder } from './symbols.ts';

/** Bytes of a function with a new body, and its relocations (offsets in the new section). */
export function linkBody(
  f: NewFunction,
  object: ObjectFile,
  plan: LayoutPlan,
  symbols: SymbolFinder,
): { bytes: Uint8Array; relocs: Reloc[] } {
  const { insns, origin, refs, slots } = f.body!;
  const relocs: Reloc[] = [];
  const stored = insns.map((insn, i): Insn => {
    const place = origin[i];
    const ref = needsRef(insn, place) ? refs.get(i) : undefined;
    if (place?.f.core.has(place.index) === true) checkPinned(f, i, insn, place);
    if (ref === undefined) {
      if (needsRef(insn, undefined)) throw new Error(`${f.name}, insn ${i}: a reference to nothing known`);
      return insn;
    }
    const linked = linkInsn(insn, ref, place, f, f.start + slots[i]! * 8, object, plan, symbols);
    if (linked.reloc !== undefined) relocs.push(linked.reloc);
    return linked.insn;
  });
  return { bytes: encode(stored), relocs };
}

/** Whether the instruction stands for something that only a relocation, or a place in the object, tells. */
function needsRef(insn: Insn, place: CodePlace | undefined): boolean {
  if (insn.op === OP_CALL) return insn.src === PseudoCall.LOCAL || insn.src === PseudoCall.KFUNC;
  if (insn.op !== OP_LD_IMM64) return false;
  // The address of an untyped kernel symbol, or of a weak kernel function, looks like the constant 0
  // until it is loaded.
  return (
    insn.src !== PseudoLd.IMM64 || ['ksym', 'kfunc'].includes(place?.f.refs.get(place.index)?.kind ?? '')
  );
}

/** An instruction with a CO-RE relocation is completed by the loader, so nobody may have changed it. */
function checkPinned(f: NewFunction, i: number, insn: Insn, place: CodePlace): void {
  const original = place.f.insns[place.index]!;
  const ref = place.f.refs.get(place.index);
  if (ref === undefined && !sameInsn(insn, original))
    throw new Error(`${f.name}, insn ${i}: a pinned instruction was changed`);
}

function linkInsn(
  insn: Insn,
  ref: Ref,
  place: CodePlace | undefined,
  f: NewFunction,
  at: number,
  object: ObjectFile,
  plan: LayoutPlan,
  symbols: SymbolFinder,
): { insn: Insn; reloc?: Reloc } {
  const old = place?.f.relocs.get(place.index)?.symbol;
  const oldSrc = place === undefined || old === undefined ? undefined : place.f.insns[place.index]!.src;
  const reloc = (type: number, symbol: ElfSymbol): Reloc => ({ offset: at, type, symbol, addend: 0n });
  const load = (symbol: ElfSymbol, imm: number): { insn: Insn; reloc: Reloc } => ({
    insn: { ...insn, src: oldSrc ?? 0, imm: imm | 0, immHi: 0 },
    reloc: reloc(RelocType.R_64_64, symbol),
  });
  switch (ref.kind) {
    case 'map':
    case 'data': {
      const map = object.maps[ref.map];
      if (map?.section === undefined) throw new Error(`${f.name}: map ${ref.map} has no definition`);
      const offset = ref.kind === 'data' ? ref.offset : map.offset;
      const symbol = ref.kind === 'data' ? symbols.near(map.section, old) : symbols.at(map.section, offset);
      return load(symbol, offset - symbol.value);
    }
    case 'func': {
      const target = plan.functions[ref.target]!;
      const symbol = symbols.forFunction(target, old);
      return load(symbol, target.start - symbols.newValue(symbol));
    }
    case 'call': {
      const target = plan.functions[ref.target]!;
      const section = target.source.section;
      if (section === f.source.section && old === undefined)
        return { insn: { ...insn, src: PseudoCall.LOCAL, imm: (target.start - at) / 8 - 1 } };
      const symbol = symbols.forFunction(target, old);
      const imm = (target.start - symbols.newValue(symbol)) / 8 - 1;
      return { insn: { ...insn, src: PseudoCall.LOCAL, imm }, reloc: reloc(RelocType.R_64_32, symbol) };
    }
    case 'kfunc':
      if (insn.op === OP_LD_IMM64) return load(symbols.undefinedNamed(ref.name), 0);
      return {
        insn: { ...insn, src: PseudoCall.LOCAL, imm: -1, off: 0 },
        reloc: reloc(RelocType.R_64_32, symbols.undefinedNamed(ref.name)),
      };
    case 'kconfig':
    case 'ksym':
      return load(symbols.undefinedNamed(ref.name), 0);
  }
}
