/**
 * The running kernel, optional at run time: load verdicts, differential runs and times.
 *
 *   syscall   bpf(2) through koffi, errors by name, descriptors closed in scopes
 *   doctor    probeKernel(): what this machine can do, or why nothing
 *   load      accepts(program), KernelSession: the verifier's verdict, its reason, what a load costs
 *   vm        openKernel(name): another kernel, booted in an emulator, behind the same interface
 *   run       KernelRunner: TEST_RUN of a program on a test case, as itself or as a type that can be run
 *   diff      kernelDiff(a, b, tests): the first difference, minimised; places that vary by themselves masked
 *   longdiff  longDiff(a, b): seed after seed of guided inputs; thirdOpinion: what our interpreter says of
 *             them
 *   model     vmDiff(program, model, tests): the same against our interpreter
 *   time      kernelTime(versions, tests): nanoseconds, ratio, and what may be claimed; harness, stopwatch:
 *             how it is measured
 *   calibrate calibrate(): a latency profile of this machine
 *   fit       fitProfiles: how well profiles predict times, also of programs that were left out
 *   cases     caseText, readCase, replay: a difference as a file that tests replay
 *   matrix    MatrixTally: our static safety check against the kernel's, on programs and their mutants
 *             (mutants)
 *   tests     kernelTests, timingTests: inputs that reach deep code, guided by the interpreter
 *   netns     inOwnNetwork(body): a network of one's own for programs that ask for routes
 *   campaign  fuzzCampaign, filterCampaign, modelCampaign: many programs, from a seed; fuzz: random programs
 *             over the semantics table
 *
 * Nothing here attaches anything to anything, and nothing is pinned: all of it is gone when the descriptors
 * are closed.
 */
export { type CampaignRow, filterCampaign, fuzzCampaign, modelCampaign } from './differential/campaign.ts';
export { type CaseFile, caseText, readCase, replay } from './differential/cases.ts';
export {
  type Difference,
  type DiffOptions,
  type DiffReport,
  type DiffResult,
  kernelDiff,
} from './differential/diff.ts';
export { FUZZ_PACKET_BYTES, fuzzTest, linuxNumber, randomProgram } from './differential/fuzz.ts';
export {
  asRun,
  guessedHelpers,
  interpreterSays,
  machineModel,
  type ReferenceModel,
  vmDiff,
} from './differential/model.ts';
export {
  type Disagreement,
  type Matrix,
  type MatrixCounts,
  type MatrixOptions,
  MatrixTally,
  reasonClass,
  shares,
} from './differential/safety-matrix.ts';
export { type LongDiffOptions, longDiff, type ThirdOpinion, thirdOpinion } from './differential/soak.ts';
export { firstOf, kernelTests, timingTests } from './differential/test-inputs.ts';
export { playable, type RunAs, type Runner, waysToRun } from './run/inputs.ts';
export {
  accepts,
  type KernelOptions,
  KernelSession,
  type LoadAs,
  type LoadResult,
  type LoadVerdict,
  loadProgram,
  notLoadable,
} from './run/load.ts';
export type { Scenario } from './run/observe.ts';
export { canRun, type KernelOutcome, type KernelRun, KernelRunner, onOneCpu } from './run/run.ts';
export { type KernelFeatures, type KernelProbe, probeKernel } from './syscall/doctor.ts';
export { type InNetwork, inOwnNetwork } from './syscall/netns.ts';
export type { ProgInfo } from './syscall/programs.ts';
export { type Bpf, BpfError, errnoName, type OpenBpf, openBpf } from './syscall/syscall.ts';
export { type CalibrateOptions, type Calibration, calibrate } from './timing/calibrate.ts';
export {
  type Fit,
  type FitInput,
  type FitRow,
  fitOf,
  fitProfiles,
  type HeldOut,
  modeledNs,
} from './timing/fit.ts';
export {
  kernelTime,
  type TimeOptions,
  type TimeReport,
  type TimeResult,
  type TimeVerdict,
  type VersionTime,
} from './timing/time.ts';
export { closeKernels, openKernel, RUNNING } from './vm/kernels.ts';
