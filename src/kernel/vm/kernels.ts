/**
 * Kernels by name: the running one, and those that were added (images.ts), booted when they are first asked.
 *
 *   'running' | '6.1' --openKernel--> bpf(2) of that kernel, or why there is none
 *
 * A booted kernel serves the whole process; it ends with the process or with `closeKernels`.
 */
import { type OpenBpf, openBpf } from '../syscall/syscall.ts';
import { Guest } from './guest.ts';
import { findImage, imageFile, kernelImages } from './images.ts';
import { guestBpf } from './transport.ts';

export const RUNNING = 'running';

const booted = new Map<string, { opened: OpenBpf; guest?: Guest }>();

export function openKernel(name: string): OpenBpf {
  if (name === RUNNING) return openBpf();
  let kernel = booted.get(name);
  // A guest that crashed says nothing about the next program: it gets a new one.
  if (kernel === undefined || kernel.guest?.isRunning === false) {
    kernel = boot(name);
    booted.set(name, kernel);
  }
  return kernel.opened;
}

export function closeKernels(): void {
  for (const { guest } of booted.values()) guest?.close();
  booted.clear();
}

function boot(name: string): { opened: OpenBpf; guest?: Guest } {
  const image = findImage(name);
  if (image === undefined) {
    const known = [RUNNING, ...kernelImages().map((i) => i.name)].join(', ');
    return { opened: { ok: false, reason: `no kernel '${name}' was added (there are: ${known})` } };
  }
  const started = Guest.boot(imageFile(image));
  if (!started.ok) return { opened: { ok: false, reason: started.reason } };
  return { opened: { ok: true, bpf: guestBpf(started.guest) }, guest: started.guest };
}
