/**
 * Legacy packet loads and tail calls leave the running function early. What they give its caller then is a number, so the kernel
 * allows them only in functions of which BTF says that they return one (check_abnormal_return(), check_btf_func()).
 */
import { isHelperCall } from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import { contractOf } from '../program/contracts/contract.ts';
import type { Program } from '../program/program.ts';
import { Helper } from '../program/tables/helpers.ts';

export interface EarlyExit {
  index: number;
  reason: string;
}

/** The first of each kind in each function that may have none. Raw instructions are loaded with records of our own. */
export function wrongEarlyExits({ functions, insns }: Program): EarlyExit[] {
  const found: EarlyExit[] = [];
  for (const f of functions.slice(1)) {
    const { btfType, returnsNumber } = contractOf(f);
    if (f.contract === undefined || (btfType !== undefined && returnsNumber === true)) continue;
    const report = (what: string, isOne: (index: number) => boolean): void => {
      for (let index = f.start; index < f.end; index++)
        if (isOne(index)) {
          const reason =
            btfType === undefined
              ? `${what} is not allowed in subprogs without BTF`
              : `${what} is only allowed in functions that return 'int'.`;
          found.push({ index, reason });
          return;
        }
    };
    report('LD_ABS', (n) => specOf(insns[n]!)?.kind === 'ldabs');
    report('tail_call', (n) => isHelperCall(insns[n]!, Helper.tail_call));
  }
  return found;
}
