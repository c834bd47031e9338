/**
 * Proofs on disk, for anyone to confirm with a solver of their own choice.
 *
 *   DIR/manifest.json        input, outputs, versions and every proof, bound by sha256
 *   DIR/<program>-<n>.smt2   one rewrite: both windows and the context as comments, then the equations; the
 *                            answer is unsat
 */
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.ts';
import { makeFolder, readBytes, readText, writeWhole } from '../base/files.ts';
import { sha256 } from '../base/hash.ts';
import { PACKAGE_VERSION } from '../base/paths.ts';
import type { RewriteProof } from '../optimizer/types.ts';

const digested = z.object({ file: z.string(), sha256: z.string() });

const proof = z.object({
  program: z.string(),
  section: z.string(),
  /** From 1, in the order in which the rewrites were applied. */
  rewrite: z.number(),
  by: z.string(),
  how: z.string(),
  before: z.array(z.string()),
  after: z.array(z.string()),
  /** Absent where there is no formula to ask: `without` says why. */
  script: digested.optional(),
  equations: z.array(z.string()).optional(),
  without: z.string().optional(),
});

const manifest = z.object({
  schema: z.literal(1),
  version: z.string(),
  input: digested,
  outputs: z.array(digested),
  expected: z.literal('unsat'),
  proofs: z.array(proof),
});

export type ProofManifest = z.infer<typeof manifest>;
export type ProofEntry = z.infer<typeof proof>;

export interface ProvenProgram {
  name: string;
  section: string;
  proofs: readonly RewriteProof[];
}

/** @param outputs the files that were written, which the rewrites led to */
export function writeProofs(
  folder: string,
  input: string,
  outputs: readonly string[],
  programs: readonly ProvenProgram[],
): ProofManifest {
  makeFolder(folder);
  const taken = new Set<string>();
  const proofs = programs.flatMap(({ name, section, proofs }) => {
    const stem = unique(name, taken);
    return proofs.map((p, n): ProofEntry => {
      const { by, how, before, after } = p.rewrite;
      const head = {
        program: name,
        section,
        rewrite: n + 1,
        by,
        how,
        before: [...before],
        after: [...after],
      };
      if ('without' in p) return { ...head, without: p.without };
      const file = `${stem}-${n + 1}.smt2`;
      const text = scriptText(head, p);
      writeWhole(join(folder, file), text);
      return { ...head, script: { file, sha256: sha256(text) }, equations: [...p.equations] };
    });
  });
  const digest = (file: string) => ({ file, sha256: sha256(readBytes(file)) });
  const made: ProofManifest = {
    schema: 1,
    version: PACKAGE_VERSION,
    input: digest(input),
    outputs: outputs.map(digest),
    expected: 'unsat',
    proofs,
  };
  writeWhole(join(folder, 'manifest.json'), `${JSON.stringify(made, null, 2)}\n`);
  return made;
}

/** @throws UserError when the folder holds no manifest, or one that this version cannot read */
export function readManifest(folder: string): ProofManifest {
  const file = join(folder, 'manifest.json');
  let json: unknown;
  try {
    json = JSON.parse(readText(file));
  } catch (e) {
    if (e instanceof SyntaxError) throw new UserError(`this is not JSON: ${e.message}.`, file);
    throw e;
  }
  const read = manifest.safeParse(json);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new UserError(
    `${issue?.path.join('.')}: ${issue?.message}.`,
    file,
    '`k2 optimize --proofs` writes such files.',
  );
}

function scriptText(
  { program, rewrite, by, how, before, after }: ProofEntry,
  p: Extract<RewriteProof, { script: string }>,
): string {
  const part = (title: string, lines: readonly string[]): string[] => [
    `; ${title}`,
    ...(lines.length === 0 ? ['nothing'] : lines).map((l) => `;   ${l}`),
  ];
  return [
    `; ${program}, rewrite ${rewrite}, by ${by}, proven here by ${how}`,
    ...part('source', before),
    ...part('replacement', after),
    ...part('context', p.context),
    ...part('equal on both sides', p.equations),
    '(set-info :status unsat)',
    p.script,
  ].join('\n');
}

/** A program's name as a file's: letters, digits, dots, dashes; another one for each program. */
function unique(name: string, taken: Set<string>): string {
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '_') || 'program';
  let stem = plain;
  for (let n = 2; taken.has(stem); n++) stem = `${plain}.${n}`;
  taken.add(stem);
  return stem;
}
