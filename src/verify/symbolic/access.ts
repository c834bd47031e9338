/** Accesses to memory that others see, as a symbolic run records them. */
import type { Term } from '../../solver/index.ts';

/** One access to shared memory, in program order. */
export interface SharedAccess {
  /** 'call': a call that others can notice; accesses do not move across it. */
  kind: 'load' | 'store' | 'atomic' | 'call';
  /** Row of the semantics table. */
  name: string;
  memory: string;
  /** Address in normal form. */
  address: Term;
  size: number;
  /** Orders accesses around it: acquire, release, and atomics that fetch. */
  orders: boolean;
  /** Path condition, in normal form. */
  condition: Term;
  /** Index of the instruction in the program (or window). */
  at: number;
  /** Of a call: its token. */
  token?: number;
  /** Under the strict memory model: accesses of one number meet the same contents (interference.ts). */
  group?: number;
}
