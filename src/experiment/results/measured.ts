/** From an optimizer's result to measurements: what is measured, in which unit, how. */
import { encode } from '../../isa/codec.ts';
import type { Goal, OptimizeResult } from '../../optimizer/types.ts';
import { listing } from '../../program/listing.ts';
import type { Program } from '../../program/program.ts';
import type { BeforeAfter, Measurement } from '../measure/measurement.ts';
import type { Measured } from './result.ts';

const SLOTS = 'slots of 8 bytes, ld_imm64 = 2, NOP = 0';
const INSNS = 'instructions without NOPs';
const PATH = "mean over the test cases of the executed instructions' prices (K2's profile d6515)";
const STATIC = "sum of all instructions' prices, executed or not (K2's profile d6515)";

export function measurement(value: number, unit: string, method: string, provenance: string): Measurement {
  return { value, unit, method, provenance };
}

/** Whose numbers: program, file, digest. */
export function provenanceOf(program: Program): string {
  const { sha256 } = program.provenance;
  return `${program.name}${program.section === '' ? '' : `, section ${program.section}`}, sha256 ${sha256}`;
}

function pair(before: number, after: number, unit: string, method: string, source: string): BeforeAfter {
  return {
    before: measurement(before, unit, method, source),
    after: measurement(after, unit, method, `optimized from ${source}`),
  };
}

/** The row of a result. Anything smaller or, when the goal is latency, faster is `ok`. */
export function outcomeOf(original: Program, result: OptimizeResult, goal: Goal): Measured {
  const source = provenanceOf(original);
  const better =
    goal !== 'latency'
      ? result.slotsAfter < result.slotsBefore
      : result.latencyAfter.path < result.latencyBefore.path;
  const objection = objectionTo(result);
  const reasons = [
    ...(objection === undefined ? [] : [objection]),
    ...(better ? [] : [`nothing ${goal === 'latency' ? 'faster' : 'smaller'} was found`]),
    ...(result.interrupted ? ['the time limit ended the search before its budget'] : []),
  ];
  return {
    status: objection !== undefined ? 'rejected' : better ? 'ok' : 'unchanged',
    reason: reasons.join('; '),
    interrupted: result.interrupted,
    measurements: {
      slots: pair(result.slotsBefore, result.slotsAfter, 'slots', SLOTS, source),
      instructions: pair(result.insnsBefore, result.insnsAfter, 'instructions', INSNS, source),
      latency: pair(result.latencyBefore.path, result.latencyAfter.path, 'ns', PATH, source),
      staticLatency: pair(
        result.latencyBefore.staticSum,
        result.latencyAfter.staticSum,
        'ns',
        STATIC,
        source,
      ),
    },
    kernel: result.kernel,
    differential: result.differential,
    rewrites: result.rewrites,
    convergence: result.convergence,
    stats: { ...result.stats },
    notes: result.notes,
    disassembly: { before: listing(original), after: listing(result.program) },
    output: Buffer.from(encode(result.program.insns)).toString('hex'),
  };
}

/** What the running kernel has against the output. */
function objectionTo({ kernel, differential }: OptimizeResult): string | undefined {
  if (kernel.status === 'refused') return `the kernel refuses the output: ${kernel.reason}`;
  if (differential.status === 'differ') return `the output does something else: ${differential.detail}`;
  return undefined;
}
