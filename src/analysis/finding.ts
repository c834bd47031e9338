/** What the kernel's verifier would object to. */
export interface Finding {
  /** Instruction index; -1 for the program as a whole. */
  index: number;
  /** In the kernel's words where it has any. */
  reason: string;
  /** The first Linux that knows what is used there, where that is all that is wrong. */
  since?: number;
}
