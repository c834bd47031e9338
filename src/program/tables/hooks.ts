/** Hooks: the program types, what their context looks like, and what the kernel reads of their result. */
import type { Hook, HookName, SectionPattern } from './hook-types.ts';
import { SKB_HOOKS } from './hooks/skb.ts';
import { SOCK_HOOKS } from './hooks/sock.ts';
import { TRACING_HOOKS } from './hooks/tracing.ts';

/** All hooks by name. */
export const HOOKS: Readonly<Record<HookName, Hook>> = { ...SKB_HOOKS, ...SOCK_HOOKS, ...TRACING_HOOKS };

const byProgType = new Map(Object.values(HOOKS).map((hook) => [hook.progType, hook]));

/** The hook of a BPF_PROG_TYPE_*; undefined when this table does not know it. */
export function hookOfProgType(progType: number): Hook | undefined {
  return byProgType.get(progType);
}

/** Whether a word, such as the user's `--type`, names a hook. */
export function isHookName(word: string): word is HookName {
  return Object.hasOwn(HOOKS, word);
}

const PATTERNS: readonly (SectionPattern & { hook: HookName })[] = Object.values(HOOKS)
  .flatMap((hook) => hook.sections.map((s) => ({ ...s, hook: hook.name })))
  .sort((a, b) => b.pattern.length - a.pattern.length);

function isPrefix(pattern: string): boolean {
  return pattern.endsWith('/') || pattern.endsWith('*');
}

/**
 * What an ELF section's name says about the programs in it: libbpf's section names, the older names that it
 * accepted as prefixes, and those of the kernel's samples and of Cilium. A leading '?' (not loaded by itself)
 * is ignored. An exact name wins over a prefix, a longer prefix over a shorter one.
 *
 * @returns undefined when the name says nothing
 */
export function hookOfSection(
  section: string,
): { hook: HookName; attachType?: number; loadFlags?: number } | undefined {
  const name = section.startsWith('?') ? section.slice(1) : section;
  const hit =
    PATTERNS.find((p) => p.pattern === name) ??
    PATTERNS.find((p) => isPrefix(p.pattern) && name.startsWith(p.pattern.replace(/\*$/, '')));
  if (hit === undefined) return undefined;
  const { hook, attachType, loadFlags } = hit;
  return {
    hook,
    ...(attachType === undefined ? {} : { attachType }),
    ...(loadFlags === undefined ? {} : { loadFlags }),
  };
}

/** BPF_F_* flags with which a loader loads a program, as its section's name asks for them. */
export function loadFlagsOf(program: { section: string }): number {
  return hookOfSection(program.section)?.loadFlags ?? 0;
}

/** The range, inclusive, that the verifier enforces on r0 at exit; undefined when any value will do. */
export function returnRangeOf(hook: Hook, attachType?: number): readonly [number, number] | undefined {
  const row = hook.returnRangeBy?.find((r) => attachType !== undefined && r.attachTypes.includes(attachType));
  return row === undefined ? hook.returnRange : row.range;
}
