/** What the assembler is told. */

/** Numbers of names that stand without one in the text. */
export interface AssembleOptions {
  /** Helper number by name, e.g. `bpf_map_lookup_elem`. */
  helper?(name: string): number | undefined;
  /** What goes into `imm` for `map[name]`. */
  map?(name: string): number | undefined;
}
