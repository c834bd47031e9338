import { expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import { showFault } from '../../src/vm/faults.ts';
import { program } from './support/programs.ts';

const show = (text: string, at: number) => showFault(program(assemble(text), 'xdp'), at, 200, 1);

it('finds the one packet length at which a check of bounds is one too small, and cuts the packet to it', () => {
  const checked = (length: number) => `
    r2 = *(u32 *)(r1 +0)
    r3 = *(u32 *)(r1 +4)
    r4 = r2
    r4 += ${length}
    r0 = 1
    if r4 > r3 goto pc+2
    r5 = *(u16 *)(r2 +32)
    r0 = r5
    exit`;
  expect(show(checked(33), 6)).toMatchObject({
    fault: 'out-of-bounds',
    at: 6,
    test: { packet: { length: 33 } },
  });
  const fine = show(checked(34), 6);
  expect(fine?.fault).toBeUndefined();
  expect(fine).toMatchObject({ at: 6, test: { packet: { length: 34 } } });
});

it('finds what only some paths leave without a value, and runs that do not end', () => {
  const text = `
    r2 = *(u32 *)(r1 +12)
    if r2 == 0x0 goto pc+1
    *(u64 *)(r10 -8) = 7
    r0 = *(u64 *)(r10 -8)
    exit`;
  expect(show(text, 3)).toMatchObject({ fault: 'uninitialised', at: 3 });
  expect(show('r0 = 1\nif r0 != 0x2 goto pc-2\nexit', 0)?.fault).toBe('step-limit');
});

it('shows nothing of code that no input reaches', () => {
  expect(show('r0 = 1\nif r0 == 0x1 goto pc+1\nr0 = *(u64 *)(r10 -8)\nexit', 2)).toBeUndefined();
});
