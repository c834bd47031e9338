/**
 * An object's BTF as the kernel takes it (libbpf: bpf_object__sanitize_btf(), bpf_object__collect_externs()).
 *
 *   in:   section .BTF as compilers write it: externs, data sections without sizes, hidden functions that are
 *         global
 *   out:  the same types under the same numbers; functions as they are loaded; variables and data sections,
 *         which programs
 *         do not refer to, as plain types of the same length
 */
import { SymbolType } from '../container/elf.ts';
import type { ObjectFile } from '../object-types.ts';
import { type Btf, BtfLinkage } from './btf.ts';
import { isHidden } from './function-contracts.ts';

const KIND_INT = 1;
const KIND_STRUCT = 4;
/** Offsets in a type: name, then kind and length, then size or type, then what the kind adds. */
const [INFO, SIZE, BODY] = [4, 8, 12];
/** No number is longer. */
const LONGEST = 16;

const known = new WeakMap<ObjectFile, Uint8Array | undefined>();

/**
 * @returns undefined for an object without BTF, of the other byte order, or that refers to types that are not
 *   there
 */
export function loadableBtf(object: ObjectFile): Uint8Array | undefined {
  if (!known.has(object)) known.set(object, made(object));
  return known.get(object);
}

function made({ btf, elf }: ObjectFile): Uint8Array | undefined {
  const section = elf.sections.find((s) => s.name === '.BTF');
  // No kernel takes the other byte order.
  if (section === undefined || btf === undefined || elf.order !== 'little') return undefined;
  const hidden = elf.symbols.filter((s) => s.type === SymbolType.FUNC && isHidden(s));
  const editor = new BtfEditor(section.data.slice(), btf);
  editor.plainVariables();
  return editor.functions(new Set(hidden.map((s) => s.name))) ? editor.bytes : undefined;
}

class BtfEditor {
  readonly bytes: Uint8Array;
  private readonly btf: Btf;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, btf: Btf) {
    this.bytes = bytes;
    this.btf = btf;
    this.view = new DataView(bytes.buffer);
  }

  private set(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  /** Variables, and tags of them, become bytes; a data section a struct of as many numbers. */
  plainVariables(): void {
    const { types, places } = this.btf;
    const isVariable = (id: number): boolean => types[id]?.kind === 'var';
    const number = types.findIndex((t) => t.kind === 'var' || t.kind === 'int');
    for (const [id, t] of types.entries()) {
      const at = places[id]!;
      if (isVariable(id) || (t.kind === 'decl_tag' && isVariable(t.type))) {
        this.set(at + INFO, KIND_INT << 24);
        this.set(at + SIZE, 1);
        this.set(at + BODY, 8);
      } else if (t.kind === 'datasec') {
        const { length } = t.vars;
        this.set(at, 0);
        this.set(at + INFO, (KIND_STRUCT << 24) | length);
        this.set(at + SIZE, LONGEST * length);
        for (let n = 0; n < length; n++) {
          const member = at + BODY + 12 * n;
          this.set(member, 0);
          this.set(member + 4, number);
          this.set(member + 8, 8 * LONGEST * n);
        }
      }
    }
  }

  /** Externs are global, hidden functions static, and every parameter has a name. */
  functions(hidden: ReadonlySet<string>): boolean {
    const { types, places } = this.btf;
    for (const [id, t] of types.entries()) {
      if (t.kind !== 'func') continue;
      const proto = types[t.type];
      if (proto?.kind !== 'func_proto') return false;
      const at = places[id]!;
      const linkage = hidden.has(t.name) ? BtfLinkage.STATIC : Math.min(t.linkage, BtfLinkage.GLOBAL);
      this.view.setUint16(at + INFO, linkage, true);
      const name = this.view.getUint32(at, true);
      proto.params.forEach((p, n) => {
        if (p.name === '' && p.type !== 0) this.set(places[t.type]! + BODY + 8 * n, name);
      });
    }
    return true;
  }
}
