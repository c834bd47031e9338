/** What a corpus says about its programs: `corpora/<name>/manifest.json`. Unknown properties are ignored. */
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const Inner = z.object({
  /** BPF_MAP_TYPE_* in lower case, as in program/tables/maps.ts. */
  type: z.string(),
  keySize: z.number().int(),
  valueSize: z.number().int(),
  maxEntries: z.number().int(),
});

const Override = z.object({ maxEntries: z.number().int().positive().optional(), inner: Inner.optional() });

const RawFile = z.object({ path: z.string(), upstream: z.string(), sha256 });

const Build = z.object({
  variant: z.string(),
  /** Object file, relative to the corpus' data. */
  object: z.string().optional(),
  sha256: sha256.optional(),
  /** Instead of an object, the three files of a raw program: `insns`, `maps`, `desc`. */
  files: z.record(z.string(), RawFile).optional(),
  /** Slots of the function itself. */
  slots: z.number().int(),
  instructions: z.number().int(),
  /** Slots with every subprogram it reaches, where there are any. */
  linkedSlots: z.number().int().optional(),
  textSha256: sha256.optional(),
  status: z.enum(['loads', 'refused', 'untested']),
  reason: z.string().optional(),
});

const Entry = z.object({
  id: z.string(),
  group: z.string().default(''),
  category: z.string().default(''),
  description: z.string().default(''),
  license: z.string().optional(),
  /** License string for the kernel. */
  kernelLicense: z.string().default(''),
  section: z.string().default(''),
  /** ELF symbol; none for raw files. */
  function: z.string().default(''),
  /** Absent when nothing tells it. */
  hook: z.string().default(''),
  attachType: z.number().int().optional(),
  features: z.array(z.string()).default([]),
  mapOverrides: z.record(z.string(), Override).optional(),
  builds: z.array(Build),
  provenance: z.object({ repository: z.string().optional(), commit: z.string().optional() }).optional(),
  /** Figures that the K2 paper prints, sizes in slots. */
  paper: z.object({ id: z.number(), table1: z.record(z.string(), z.number().nullable()) }).optional(),
});

const Variant = z.object({
  id: z.string(),
  toolchain: z.string().default(''),
  level: z.string().default(''),
  cpu: z.string().default(''),
});

export const Manifest = z.object({
  corpus: z.string(),
  title: z.string().default(''),
  /** Where the objects are: in the repository, imported by the user, or built by the user. */
  storage: z.string().default('committed'),
  baseline: z.string(),
  variants: z.array(Variant),
  programs: z.array(Entry),
  rebuild: z.string().optional(),
});

export type Manifest = z.infer<typeof Manifest>;
export type CorpusEntry = z.infer<typeof Entry>;
export type CorpusBuild = z.infer<typeof Build>;
