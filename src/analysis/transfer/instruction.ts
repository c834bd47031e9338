/** One instruction that does not transfer control: the state before it becomes the state after it. */
import type { Insn } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { UNKNOWN, unsignedOf } from '../domain/scalar.ts';
import { type AbstractState, current } from '../domain/state.ts';
import { ANY, UNINIT } from '../domain/value.ts';
import { named, stepAlu, stepLdImm64 } from './alu.ts';
import { type Env, readRegister, writeRegister } from './env.ts';
import { stepHelper, stepUnknownCall } from './helper-call.ts';
import { modifiedCtx, stepAtomic, stepLoad, stepStore } from './memory.ts';
import { checkLeaks } from './references.ts';

/** Changes `state` in place. Jumps, local calls and exits are the driver's: they change nothing here. */
export function step(env: Env, state: AbstractState, index: number, i: Insn): void {
  const op = specOf(i);
  switch (op?.kind) {
    case undefined:
      env.report(index, `unknown opcode ${i.op.toString(16).padStart(2, '0')}`);
      return;
    case 'alu':
      stepAlu(env, state, index, i, op);
      return;
    case 'ldimm64':
      stepLdImm64(env, state, index, i);
      return;
    case 'load':
      stepLoad(env, state, index, i, op);
      return;
    case 'store':
      stepStore(env, state, index, i, op);
      return;
    case 'atomic':
      stepAtomic(env, state, index, i, op);
      return;
    case 'ldabs': {
      const ctx = readRegister(env, state, index, 6);
      if (ctx.kind !== 'pointer' || ctx.region.kind !== 'ctx')
        env.report(index, 'at the time of BPF_LD_ABS|IND R6 != pointer to skb');
      else {
        const modified = modifiedCtx(ctx, 'R6');
        if (modified !== undefined) env.report(index, modified);
      }
      if (!env.hook.legacyPacketLoads)
        env.report(index, 'BPF_LD_[ABS|IND] instructions not allowed for this program type');
      if (op.indirect) readRegister(env, state, index, i.src);
      checkLeaks(env, index, state, 'BPF_LD_[ABS|IND]');
      current(state).regs.fill(UNINIT, 0, 6);
      const r0 = env.rules.precision === 'best' ? unsignedOf(8 * op.size) : UNKNOWN;
      writeRegister(env, state, index, 0, named(env, state, index, r0));
      return;
    }
    case 'call':
      if (op.target === 'helper') stepHelper(env, state, index, i);
      else if (op.target === 'kfunc') stepUnknownCall(state);
      return;
    case 'cast':
      readRegister(env, state, index, i.src);
      writeRegister(env, state, index, i.dst, ANY);
      return;
    default:
      return;
  }
}
