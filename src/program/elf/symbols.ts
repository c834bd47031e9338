/** Symbols to relocate against: existing ones where possible, new ones where not. */
import { UserError } from '../../base/errors.ts';
import { groupBy } from '../../base/group-by.ts';
import { type ElfFile, type ElfSymbol, type Section, SymbolBind, SymbolType } from './container/elf.ts';
import { type LayoutPlan, type NewFunction, newOffset } from './plan.ts';

export class SymbolFinder {
  private readonly elf: ElfFile;
  private readonly plan: LayoutPlan;
  private readonly bySection: Map<Section | undefined, ElfSymbol[]>;
  private readonly ofCopy = new Map<NewFunction, ElfSymbol>();
  /** Symbols that the file did not have; `value` is final. */
  readonly added: ElfSymbol[] = [];

  constructor(elf: ElfFile, plan: LayoutPlan) {
    this.elf = elf;
    this.plan = plan;
    this.bySection = groupBy(elf.symbols, (s) => s.section);
  }

  /** A symbol whose value is `offset`, else the section's own. */
  at(section: Section, offset: number): ElfSymbol {
    const symbols = this.bySection.get(section) ?? [];
    const exact = symbols.find((s) => s.value === offset && s.type !== SymbolType.SECTION);
    return exact ?? this.ofSection(section);
  }

  /** Any symbol of the section to count from: `preferred` if it is one. */
  near(section: Section, preferred: ElfSymbol | undefined): ElfSymbol {
    return preferred?.section === section ? preferred : this.ofSection(section);
  }

  /** For calls and callbacks: as the original did it, else the function's own symbol. */
  forFunction(target: NewFunction, preferred: ElfSymbol | undefined): ElfSymbol {
    const section = target.source.section;
    const own = target.copy ? this.copySymbol(target) : target.source.symbol;
    if (preferred?.section === section && (preferred.type === SymbolType.SECTION || preferred === own))
      return preferred;
    return own ?? this.ofSection(section);
  }

  undefinedNamed(name: string): ElfSymbol {
    const symbol = (this.bySection.get(undefined) ?? []).find((s) => s.name === name && s.special === 0);
    if (symbol === undefined) throw new Error(`${this.elf.file}: no undefined symbol '${name}'`);
    return symbol;
  }

  /** Where the symbol will point to. */
  newValue(symbol: ElfSymbol): number {
    if (symbol.section === undefined || this.added.includes(symbol) || symbol.type === SymbolType.SECTION)
      return symbol.value;
    const plan = this.plan.sections.get(symbol.section);
    return plan === undefined ? symbol.value : newOffset(plan, symbol.value);
  }

  private ofSection(section: Section): ElfSymbol {
    const known = [...(this.bySection.get(section) ?? []), ...this.added];
    const found = known.find((s) => s.section === section && s.type === SymbolType.SECTION);
    return (
      found ?? this.add({ section, name: '', nameOffset: 0, value: 0, size: 0, type: SymbolType.SECTION })
    );
  }

  /** The static symbol of a copied function. */
  copySymbol(f: NewFunction): ElfSymbol {
    const known = this.ofCopy.get(f);
    if (known !== undefined) return known;
    const strings = this.elf.symtab?.link;
    const original = f.source.symbol;
    if (strings === undefined || original === undefined)
      throw new UserError(
        `function ${f.name} has no symbol, so no second one can be added.`,
        this.elf.file,
        'Optimize only one of the programs that share it.',
      );
    const nameOffset = addString(strings, f.name);
    const symbol = this.add({
      section: f.source.section,
      name: f.name,
      nameOffset,
      value: f.start,
      size: f.size,
      type: original.type,
    });
    this.ofCopy.set(f, symbol);
    return symbol;
  }

  private add(s: Omit<ElfSymbol, 'bind' | 'other' | 'special'>): ElfSymbol {
    const symbol: ElfSymbol = { ...s, bind: SymbolBind.LOCAL, other: 0, special: 0 };
    this.added.push(symbol);
    return symbol;
  }
}

/** Appends a string to a string table; returns its offset. */
export function addString(table: Section, text: string): number {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const offset = table.data.length;
  const grown = new Uint8Array(offset + bytes.length);
  grown.set(table.data);
  grown.set(bytes, offset);
  table.data = grown;
  table.size = grown.length;
  return offset;
}
