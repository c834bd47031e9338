/**
 * One BPF_PROG_LOAD and what it says: RawProgram in; descriptor and cost, or reason and place of a refusal
 * out.
 */
import { indexOfSlot, slotOffsets } from '../../isa/flow.ts';
import type { Insn } from '../../isa/insn.ts';
import { type LogLevel, loadRaw, type ProgInfo, progInfo, type RawProgram } from '../syscall/programs.ts';
import { type Bpf, errnoName, type Fds } from '../syscall/syscall.ts';
import {
  isAboutMapTypes,
  refusalReason,
  refusedSlot,
  relocationProblem,
  type VerifierEffort,
  verifierEffort,
} from './log.ts';

/**
 * Outcome of a load. `insn` is the refused instruction's index, `log` the verifier's whole answer, where
 * known.
 */
export type LoadResult =
  | { ok: true; fd: number; info: ProgInfo; effort?: VerifierEffort }
  | { ok: false; refused: boolean; reason: string; insn?: number; log: string };

const ENOSPC = 28;

/** Errors that say something about the program; anything else is about this machine or this process. */
const VERDICTS: ReadonlySet<string> = new Set([
  'EINVAL',
  'EACCES',
  'E2BIG',
  'EOPNOTSUPP',
  'ENOTSUPP',
  'ERANGE',
  'EFAULT',
  'EPERM',
  'ELOOP',
  'ENOENT',
]);

/**
 * One load, tried without a log first unless the verifier's statistics are wanted; `logLevel` says how well a
 * refusal is to be explained.
 */
export function loadOnce(
  bpf: Bpf,
  fds: Fds,
  raw: RawProgram,
  insns: readonly Insn[],
  logLevel: LogLevel,
  wantsEffort = false,
): LoadResult {
  let { fd, log } = loadRaw(bpf, raw, wantsEffort ? 4 : 0);
  // More to say than the buffer takes is no verdict.
  if (wantsEffort && fd === -ENOSPC) fd = loadRaw(bpf, raw, 0).fd;
  if (fd >= 0) {
    fds.own(fd, 'load');
    const info = progInfo(bpf, fd) ?? { xlated: 0, jited: 0, verifiedInsns: 0 };
    const effort = wantsEffort ? verifierEffort(log) : undefined;
    return { ok: true, fd, info, ...(effort === undefined ? {} : { effort }) };
  }
  const code = errnoName(fd);
  if (logLevel !== 0 && !(wantsEffort && logLevel === 4)) {
    const again = loadRaw(bpf, raw, logLevel);
    if (again.fd >= 0) bpf.close(again.fd);
    log = again.log;
  }
  const said = refusalReason(log);
  if (raw.core !== undefined) {
    // Kernels that do not know the records say so before they look at the program.
    if (code === 'E2BIG' && logLevel !== 0 && said === '')
      return notRelocated('this kernel does not apply it', log);
    const problem = relocationProblem(log);
    if (problem !== undefined) return notRelocated(problem, log);
  }
  // No rights: the kernel says EPERM before it looks at the program, with nothing in the log.
  const refused = VERDICTS.has(code) && !(code === 'EPERM' && said === '') && !isAboutMapTypes(said);
  const slot = refusedSlot(log);
  const insn = slot === undefined ? undefined : indexOfSlot(slotOffsets(insns), slot);
  return {
    ok: false,
    refused,
    reason: said === '' ? code : said,
    ...(insn === undefined ? {} : { insn }),
    log,
  };
}

/** The kernel had no opinion about the program itself. */
function notRelocated(why: string, log: string): LoadResult {
  return { ok: false, refused: false, reason: `needs CO-RE relocation: ${why}`, log };
}
