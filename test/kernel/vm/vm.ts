/**
 * Which added kernel the tests may boot, in the words of a test's title: `.ci/run` adds one, `k2 kernel vm
 * add` does.
 */
import { noEmulator } from '../../../src/kernel/vm/emulator.ts';
import { kernelImages } from '../../../src/kernel/vm/images.ts';

const images = kernelImages();
const why = noEmulator() ?? (images.length === 0 ? 'no kernel was added with k2 kernel vm add' : undefined);

export const vmKernels: readonly string[] = why === undefined ? images.map((i) => i.name) : [];
export const hasVm = vmKernels.length > 0;
/** Put it in the title of whatever is skipped. */
export const needsVm = why === undefined ? '' : ` (SKIPPED, no guest kernel: ${why})`;
