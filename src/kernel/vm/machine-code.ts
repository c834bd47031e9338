/**
 * Just enough of an x86-64 assembler for the guest's init: instructions and labels in, bytes out.
 *
 * Encodings: Intel SDM volume 2. All operands are 64 bits wide unless a name says otherwise; displacements
 * are one byte, jumps are 32-bit relative.
 */

/** Register numbers as the instruction encodings have them. */
export const Reg = {
  rax: 0,
  rcx: 1,
  rdx: 2,
  rbx: 3,
  rsi: 6,
  rdi: 7,
  r8: 8,
  r9: 9,
  r10: 10,
} as const;
export type Reg = (typeof Reg)[keyof typeof Reg];

const REX_W = 0x48;
const REX_R = 0x04;
const REX_B = 0x01;
/** Addressing form of ModRM: base register and one byte of displacement. */
const MOD_DISP8 = 0x40;
/** Addressing form of ModRM: the register itself. */
const MOD_REGISTER = 0xc0;

/** Condition codes of `jcc`. */
export const Condition = { equal: 0x84 } as const;

/** Collects instructions; `bytes()` resolves the labels. */
export class MachineCode {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #jumps: { at: number; label: string }[] = [];

  label(name: string): this {
    this.#labels.set(name, this.#bytes.length);
    return this;
  }

  /** `mov to, value`: the whole 64 bits. */
  constant(to: Reg, value: bigint): this {
    const immediate = new Uint8Array(8);
    new DataView(immediate.buffer).setBigUint64(0, value, true);
    return this.#emit(REX_W | (to >> 3 ? REX_B : 0), 0xb8 | (to & 7), ...immediate);
  }

  /** `mov to, [base + at]`. */
  load(to: Reg, base: Reg, at: number): this {
    return this.#memory(0x8b, to, base, at);
  }

  /** `mov [base + at], from`. */
  store(base: Reg, at: number, from: Reg): this {
    return this.#memory(0x89, from, base, at);
  }

  /** `cmp register, value`, with the sign-extended byte. */
  compare(register: Reg, value: number): this {
    return this.#byteOperand(7, register, value);
  }

  /** `add register, value`, with the sign-extended byte. */
  add(register: Reg, value: number): this {
    return this.#byteOperand(0, register, value);
  }

  syscall(): this {
    return this.#emit(0x0f, 0x05);
  }
  ret(): this {
    return this.#emit(0xc3);
  }
  call(label: string): this {
    return this.#emit(0xe8).#target(label);
  }
  jump(label: string): this {
    return this.#emit(0xe9).#target(label);
  }
  jumpIf(condition: number, label: string): this {
    return this.#emit(0x0f, condition).#target(label);
  }

  bytes(): Uint8Array {
    const out = Uint8Array.from(this.#bytes);
    const view = new DataView(out.buffer);
    for (const { at, label } of this.#jumps) {
      const target = this.#labels.get(label);
      if (target === undefined) throw new Error(`no label ${label}`);
      view.setInt32(at, target - (at + 4), true);
    }
    return out;
  }

  /** The group of two-operand arithmetic with one immediate byte: `operation` is 0 for add, 7 for cmp. */
  #byteOperand(operation: number, register: Reg, value: number): this {
    const modrm = MOD_REGISTER | (operation << 3) | (register & 7);
    return this.#emit(REX_W | (register >> 3 ? REX_B : 0), 0x83, modrm, value & 0xff);
  }
  #memory(opcode: number, register: Reg, base: Reg, at: number): this {
    const prefix = REX_W | (register >> 3 ? REX_R : 0) | (base >> 3 ? REX_B : 0);
    return this.#emit(prefix, opcode, MOD_DISP8 | ((register & 7) << 3) | (base & 7), at & 0xff);
  }
  #target(label: string): this {
    this.#jumps.push({ at: this.#bytes.length, label });
    return this.#emit(0, 0, 0, 0);
  }
  #emit(...bytes: number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }
}
