/** What is assumed where a window starts and observed where it ends, for people and for proof files. */
import { STACK_SIZE } from '../analysis/domain/stack.ts';
import type { Value } from '../analysis/domain/value.ts';
import { ALL_BITS } from '../analysis/index.ts';
import type { WindowContext } from './context.ts';

/** One fact a line: registers, stack slots, then what is read afterwards. */
export function contextText(c: WindowContext): string[] {
  const registers = c.registers.flatMap((v, r) => (v.kind === 'uninit' ? [] : [`r${r}: ${valueText(v)}`]));
  const stack = c.stack.flatMap((slot, n) => {
    if (slot?.spill === undefined) return [];
    return [`*(r10 ${8 * n - STACK_SIZE}), ${slot.spillSize} bytes: ${valueText(slot.spill)}`];
  });
  return [
    ...registers,
    ...stack,
    `read after the window: ${liveText(c.liveRegisters, c.liveStack)}`,
    ...c.exits.map((e) => `read after a jump to ${e.to}: ${liveText(e.liveRegisters, e.liveStack)}`),
    ...(c.packetShared ? ['others can see the packet'] : []),
  ];
}

function valueText(v: Value): string {
  switch (v.kind) {
    case 'uninit':
      return 'not written';
    case 'any':
      return 'some value';
    case 'scalar':
      return numberText(v);
    case 'pointer': {
      const id = v.id === 0 ? '' : ` #${v.id}`;
      const off = v.off === 0 ? '' : ` ${v.off < 0 ? '-' : '+'} ${Math.abs(v.off)}`;
      const variable = v.variable.umax === 0n ? '' : ` + ${numberText(v.variable)}`;
      return `pointer to ${v.region.key}${id}${off}${variable}${v.nullable ? ', or NULL' : ''}`;
    }
  }
}

function numberText({ umin, umax, tnum }: Extract<Value, { kind: 'scalar' }>): string {
  if (umin === umax) return `${umin}`;
  const bits =
    tnum.mask === ALL_BITS
      ? ''
      : `, bits 0x${tnum.value.toString(16)} known, 0x${tnum.mask.toString(16)} unknown`;
  return umin === 0n && umax === ALL_BITS && bits === '' ? 'a number' : `a number in ${umin}..${umax}${bits}`;
}

function liveText(registers: readonly bigint[], stack: Uint8Array): string {
  const held = registers.flatMap((bits, r) =>
    bits === 0n ? [] : [bits === ALL_BITS ? `r${r}` : `r${r} & 0x${bits.toString(16)}`],
  );
  const bytes: string[] = [];
  for (let from = 0; from < stack.length; from++) {
    if (stack[from] === 0) continue;
    let to = from;
    while (to + 1 < stack.length && stack[to + 1] === 1) to++;
    bytes.push(`stack ${from - STACK_SIZE}..${to - STACK_SIZE}`);
    from = to;
  }
  return [...held, ...bytes].join(', ') || 'nothing';
}
