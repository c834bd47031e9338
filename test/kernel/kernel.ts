/** Whether this machine has a kernel to ask, in the words of a test's title. */
import { probeKernel } from '../../src/kernel/syscall/doctor.ts';

const probe = probeKernel();
export const hasKernel = probe.available;
/** Put it in the title of whatever is skipped. */
export const needsKernel = probe.available ? '' : ` (SKIPPED, no kernel here: ${probe.reason})`;
