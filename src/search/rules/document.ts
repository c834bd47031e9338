/**
 * The reference of all rules as Markdown (docs/reference/rules.md). A test holds the page equal to what this
 * returns.
 */
import { RULE_FILES, type RuleFile, ruleSet } from './library.ts';

const INTRODUCTION = `# Rewrite rules

Rules are text in \`rules/*.rules\`: instructions that may stand in a program, \`=>\`, instructions that may stand there instead.
They are proposals like those of the Markov chain: each place where one is used is proven by itself, in its program. Beyond that
a test proves each rule for all assignments of its registers, also where several are one, and for all values of its constants or,
where its conditions compute with them, for representative values (\`test/search/rules/proof.test.ts\`).

\`k2 learn RESULTS -o FOLDER\` makes rules of what chains have found: letters for registers and numbers, and the conditions that the
proof needs. \`rules/learned.rules\` was made that way from programs of \`corpora/builtin\` only.

This page is generated from the rule files: \`npx vitest run test/search/rules/document.test.ts -u\`.

## Syntax
| text | meaning |
|---|---|
| \`rule NAME\`, then an indented sentence | a rule; its forms are tried in order, and the first one that fits is taken |
| \`rX\`, \`wX\` | any register, as 64 or 32 bits; two letters may stand for one register; \`r0\` to \`r10\` stand for themselves |
| \`c\`, \`{c + 1}\` | a constant or distance: one lower-case letter, or an expression of them; signed, as the instruction extends it |
| \`goto L\`, \`L:\` | a place: a label of the same text, or any place outside the rule's range |
| \`if T goto L\`, \`if !T goto L\` | any conditional jump, and its opposite |
| \`...\`, \`...name\` | a gap: up to 10 instructions in all, without jumps and calls; up to 40 where a label ends it |
| \`...name with rX for rY\` | the same instructions; they read rX where they would read rY |
| \`for W SIZE: u32 4, u64 8\` | the rule for each of these alternatives: \`$W\` and \`$SIZE\` stand for them |
| \`where\` | conditions that are checked before a rewrite is proposed |
| \`rX != rY\` | different registers |
| \`... avoids rX\`, \`... keeps rX\` | instructions in the gap neither read nor write it; do not write it |
| \`body branches\`, \`body is any code\` | the gap may jump forward within itself; anything may stand in it |
| \`T avoids rX\` | the jump does not read it |
| \`rX is c\` | the code before sets the register to a constant, which \`c\` then stands for |
| \`not after \\\`LINE\\\`\` | no such instruction stands right before |
| \`c == s32(c)\`, \`pow2(c)\`, ... | expressions of constants: \`u16 u32 u64 s16 s32 s64 pow2 log2\`, arithmetic, comparisons, \`and\`, \`or\` |
| \`given\` | what the proof of the rule assumes, and the verifier finds out at each place |
| \`dead rX\` | nothing reads the register afterwards |
| \`private rX\` | the register points to the stack, which nobody else sees |
| \`rX == c\`, \`rX < c\` | the register's value before |
`;

/** What each file is for. */
const TITLES: Readonly<Record<RuleFile, string>> = {
  peephole: 'Peephole rules',
  learned: 'Learned rules',
};

export function rulesMarkdown(): string {
  const files = RULE_FILES.map((file) => {
    const rules = ruleSet(file).rules.map(({ name, summary, text }) => {
      // The summary stands above the code.
      const code = text.split('\n').filter((_, n) => n > 0);
      const start = code.findIndex((line) => !line.startsWith('  '));
      return `### ${name}\n${summary}\n\n\`\`\`\n${code.slice(start).join('\n')}\n\`\`\`\n`;
    });
    return `## ${TITLES[file]}\nIn \`rules/${file}.rules\`.\n\n${rules.join('\n')}`;
  });
  return `${INTRODUCTION}\n${files.join('\n')}`;
}
