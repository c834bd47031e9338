/**
 * The smallest executor of the semantics table: registers, a stack and a packet, BigInt arithmetic. It is
 * independent of the project's interpreters, so that three opinions can be compared.
 */
import { bigintAlgebra as A, type Width } from '../../src/isa/algebra.ts';
import { slotOffsets } from '../../src/isa/flow.ts';
import { type Insn, imm64, R10 } from '../../src/isa/insn.ts';
import { specOf } from '../../src/isa/semantics.ts';

const STACK_TOP = 0xffff_8000_1000_0000n;
const PACKET = 0xffff_8000_2000_0000n;

/** Runs an XDP program without calls; returns r0 and changes `packet` in place. */
export function execute(insns: readonly Insn[], packet: Uint8Array): bigint {
  const stack = new Uint8Array(512);
  const r = Array<bigint>(11).fill(0n);
  r[R10] = STACK_TOP;
  const CTX = 0xffff_8000_3000_0000n;
  r[1] = CTX;
  const offsets = slotOffsets(insns);
  const at = new Map([...offsets].map((slot, index) => [slot, index]));
  const memory = (address: bigint): [Uint8Array, number] =>
    address >= PACKET ? [packet, Number(address - PACKET)] : [stack, Number(address - STACK_TOP + 512n)];
  const load = (address: bigint, n: number): bigint => {
    if (address === CTX) return PACKET;
    if (address === CTX + 4n) return PACKET + BigInt(packet.length);
    const [m, o] = memory(address);
    let v = 0n;
    for (let k = n - 1; k >= 0; k--) v = (v << 8n) | BigInt(m[o + k]!);
    return v;
  };
  const store = (address: bigint, n: number, v: bigint): void => {
    const [m, o] = memory(address);
    for (let k = 0; k < n; k++) m[o + k] = Number((v >> BigInt(8 * k)) & 0xffn);
  };
  const jump = (index: number, distance: number): number => at.get(offsets[index]! + 1 + distance)!;
  for (let pc = 0, steps = 0; ; steps++) {
    if (steps > 100_000) throw new Error('no end');
    const i = insns[pc]!;
    const row = specOf(i)!;
    const dst = r[i.dst]!;
    const src = r[i.src]!;
    const imm = (w: Width) => A.const(BigInt(i.imm), w);
    pc++;
    switch (row.kind) {
      case 'alu': {
        const w = row.width;
        r[i.dst] = row.eval(A, A.trunc(dst, 64, w), row.operand === 'X' ? A.trunc(src, 64, w) : imm(w));
        break;
      }
      case 'ldimm64':
        r[i.dst] = imm64(i);
        break;
      case 'load': {
        const v = load(src + BigInt(i.off), row.size);
        r[i.dst] = row.signed ? A.sext(v, (row.size * 8) as Width, 64) : v;
        break;
      }
      case 'store':
        store(dst + BigInt(i.off), row.size, row.operand === 'X' ? src : imm(64));
        break;
      case 'atomic': {
        const w = (row.size * 8) as Width;
        const old = load(dst + BigInt(i.off), row.size);
        store(dst + BigInt(i.off), row.size, row.eval(A, old, A.trunc(src, 64, w), A.trunc(r[0]!, 64, w)));
        if (row.result === 'src') r[i.src] = old;
        if (row.result === 'r0') r[0] = old;
        break;
      }
      case 'jump': {
        const w = row.width;
        if (row.eval(A, A.trunc(dst, 64, w), row.operand === 'X' ? A.trunc(src, 64, w) : imm(w)))
          pc = jump(pc - 1, i.off);
        break;
      }
      case 'goto':
        pc = jump(pc - 1, row.distance === 'off' ? i.off : i.imm);
        break;
      case 'exit':
        return r[0]!;
      default:
        throw new Error(`not for this executor: ${row.name}`);
    }
  }
}
