/** The rules that come with the package: rules/*.rules, each file read once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../base/paths.ts';
import { type Code, type Match, matchForm } from './match.ts';
import { parseRules } from './parse.ts';
import type { Form, InsnLine, Rule } from './rule.ts';

export const RULE_FILES = ['peephole', 'learned'] as const;
export type RuleFile = (typeof RULE_FILES)[number];

export interface RuleSet {
  readonly rules: readonly Rule[];
  /** All that fit at a place, in the order of the file. */
  matches(code: Code, at: number): Iterable<{ rule: Rule; match: Match }>;
}

const known = new Map<RuleFile, RuleSet>();

export function ruleSet(file: RuleFile): RuleSet {
  let set = known.get(file);
  if (set === undefined) known.set(file, (set = ruleSetOf(parseRules(textOf(file)))));
  return set;
}

function textOf(file: RuleFile): string {
  return readFileSync(join(PACKAGE_ROOT, 'rules', `${file}.rules`), 'utf8');
}

export function ruleSetOf(rules: readonly Rule[]): RuleSet {
  /** By the opcode of the first line. */
  const byOpcode = new Map<number, [Rule, Form][]>();
  for (const rule of rules)
    for (const form of rule.forms) {
      const { op } = (form.source[0] as InsnLine).insn;
      const list = byOpcode.get(op) ?? [];
      byOpcode.set(op, list);
      list.push([rule, form]);
    }
  return {
    rules,
    *matches(code, at) {
      for (const [rule, form] of byOpcode.get(code.insns[at]?.op ?? -1) ?? []) {
        const match = matchForm(form, code, at);
        if (match !== undefined) yield { rule, match };
      }
    },
  };
}
