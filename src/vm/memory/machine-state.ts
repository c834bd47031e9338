/** A run interrupted. */

/** A run interrupted: registers, and the test's arena with its shadow (layout.ts). */
export interface MachineState {
  test: number;
  registers: readonly bigint[];
  bytes: Uint8Array;
  shadow: Uint8Array;
}
