/** Helpers that read, write and resize packets. Source: net/core/filter.c, include/net/checksum.h. */
import type { Kernel, Models } from './kernel.ts';

export const PACKET_MODELS: Models = {
  100: (k: Kernel) => k.ret(0),
};
