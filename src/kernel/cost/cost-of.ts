/**
 * What a program costs: counted, modeled, and as the kernels say that are asked.
 *
 *   Program, sources --costOf--> CostVector
 */
import type { Analysis } from '../../analysis/analyze.ts';
import { isNop, sizeInSlots } from '../../isa/insn.ts';
import { type CostVector, type KernelCost, withoutMissing } from '../../program/cost/cost-vector.ts';
import type { Program } from '../../program/program.ts';
import { modeledMachineCode } from '../../vm/machine-code/index.ts';
import { stackDepth } from '../../vm/machine-code/stack-depth.ts';
import { accepts, type LoadVerdict } from '../run/load.ts';
import type { OpenBpf } from '../syscall/syscall.ts';

/** Who is asked beside our own count; all of it may be missing. */
export interface CostSources {
  /** Kernels by the names that the vector has them under. */
  kernels?: readonly { name: string; kernel: OpenBpf }[];
  /** Modeled nanoseconds of a run. */
  pathNs?(program: Program): number | undefined;
  /** Of the program, for the model of machine code; made when it is missing. */
  analysis?: Analysis;
}

export function costOf(program: Program, sources: CostSources = {}): CostVector {
  const insns = program.insns;
  return withoutMissing({
    slots: sizeInSlots(insns),
    instructions: insns.filter((i) => !isNop(i)).length,
    pathNs: sources.pathNs?.(program),
    machineCode: modeledMachineCode(program, undefined, sources.analysis),
    stack: stackDepth(insns),
    kernels: (sources.kernels ?? []).map(({ name, kernel }) =>
      kernelCost(name, kernel, accepts(program, { kernel, effort: true })),
    ),
  });
}

/** A load verdict with its statistics as one kernel's part of a vector. */
export function kernelCost(name: string, kernel: OpenBpf, verdict: LoadVerdict): KernelCost {
  const release = kernel.ok ? { release: kernel.bpf.release } : {};
  if (verdict.status !== 'accepted')
    return { kernel: name, ...release, status: verdict.status, reason: verdict.reason };
  const { effort } = verdict;
  return withoutMissing({
    kernel: name,
    ...release,
    status: 'accepted',
    processed: effort?.processed ?? verdict.verifiedInsns,
    limit: effort?.limit,
    peakStates: effort?.peakStates,
    totalStates: effort?.totalStates,
    stack: effort?.stackDepth,
    machineCode: verdict.jited,
  });
}
