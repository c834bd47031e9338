/** The packet of a window's start state, cut off, with all that points to its end. */
import { STACK_SIZE } from '../../analysis/domain/stack.ts';
import type { WindowContext } from '../../verify/index.ts';
import type { StateEditor } from '../../vm/memory/state-editor.ts';

/** False where the packet was not longer. */
export function endPacket(editor: StateEditor, { registers, stack }: WindowContext, length: number): boolean {
  const moved = editor.shorten(length);
  if (moved === 0n) return false;
  for (const [r, v] of registers.entries())
    if (v.kind === 'pointer' && v.region.kind === 'packet_end')
      editor.registers[r] = BigInt.asUintN(64, editor.registers[r]! + moved);
  for (const [n, slot] of stack.entries()) {
    const { spill, spillSize } = slot ?? {};
    if (spill?.kind !== 'pointer' || spill.region.kind !== 'packet_end' || spillSize !== 8) continue;
    editor.add(editor.registers[10]! + BigInt(8 * n - STACK_SIZE), moved);
  }
  return true;
}
