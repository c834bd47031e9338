/** The verifier's log: why it said no, and where; what the load cost. */

/** Lines that say how much work the verifier did, not what it thinks; they come after the reason. */
const STATISTICS =
  /^(processed \d+ insns|verification time|stack depth|insns processed|max_states|mark_precise|-- END)/;
/** State dumps and source lines of level 1. */
const NARRATION =
  /^(\d+: [(R]|from \d+ to \d+|; |\d+: *$|Validating |Func#|propagating|last_idx|regs=|parent |cur state:|old state:)/;
/** CO-RE relocations that are applied, or whose target is not there. */
const RELOCATING =
  /^(CO-RE relocating |prog '.*': relo #\d+: (<|(non-)?matching candidate|patched insn|substituting insn|no matching targets))/;
/** The call that takes the place of an instruction whose relocation has no target, as libbpf has it, too. */
const POISON = 'invalid func unknown#195896080';

/** The last line that states a reason; '' when the log is empty. */
export function refusalReason(log: string): string {
  const lines = log
    .split('\n')
    .map((l) => l.trim())
    .filter((l) => l !== '' && !STATISTICS.test(l) && !RELOCATING.test(l));
  const said = lines.filter((l) => !NARRATION.test(l));
  const reason = said.at(-1) ?? lines.at(-1) ?? '';
  return reason === POISON ? 'the target of a CO-RE relocation is not in this kernel' : reason;
}

/** True when our maps are at fault, which have no types of their values: locks and timers need them. */
export function isAboutMapTypes(reason: string): boolean {
  return /^map '.*' has to have BTF in order to use /.test(reason);
}

/** Slot that a level 1 log ends at, the one that was refused. */
export function refusedSlot(log: string): number | undefined {
  let slot: number | undefined;
  for (const m of log.matchAll(/^(\d+): \([0-9a-f]{2}\)/gm)) slot = Number(m[1]);
  // Errors found before simulation name their instruction in the message.
  if (slot === undefined) {
    const m = /\binsn (?:idx )?(\d+)/.exec(log);
    if (m !== null) slot = Number(m[1]);
  }
  return slot;
}

/** What the verifier spent on one program, as its log of level 4 has it. */
export interface VerifierEffort {
  /** Instructions that it simulated, of a limit of `limit`. */
  processed: number;
  limit: number;
  /** States kept at once at most, and kept altogether. */
  peakStates: number;
  totalStates: number;
  /** Bytes of stack, summed over the subprograms. */
  stackDepth: number;
}

/** The statistics at the end of a log of level 4 or 1; undefined when there are none. */
export function verifierEffort(log: string): VerifierEffort | undefined {
  const m =
    /^processed (\d+) insns \(limit (\d+)\) max_states_per_insn \d+ total_states (\d+) peak_states (\d+)/m.exec(
      log,
    );
  if (m === null) return undefined;
  const depth = /^stack depth ([0-9+]+)/m.exec(log)?.[1] ?? '0';
  return {
    processed: Number(m[1]),
    limit: Number(m[2]),
    totalStates: Number(m[3]),
    peakStates: Number(m[4]),
    stackDepth: depth.split('+').reduce((sum, d) => sum + Number(d), 0),
  };
}

/** Why the kernel could not apply a CO-RE relocation; undefined when it says nothing of the kind. */
export function relocationProblem(log: string): string | undefined {
  const reason = refusalReason(log);
  const told = /^prog '.*': relo #\d+: (.*)/.exec(reason)?.[1];
  return (
    told ??
    (/^(target candidate search failed|relo #\d+:|Invalid core_relo)/.test(reason) ? reason : undefined)
  );
}
