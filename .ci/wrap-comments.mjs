/**
 * Wraps comment lines that are wider than 110 columns. Part of `npm run format`; a test uses `wideComments`.
 *
 *   node .ci/wrap-comments.mjs     wraps them in src/, test/, bench/ and examples/
 *
 * Only paragraphs with a wide line change. Indented lines (drawings, lists of words) are broken one by one, with what follows
 * below the text that they continue.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const WIDTH = 110;
const ROOT = resolve(import.meta.dirname, '..');
const COMMENT = /^(\s*)(\/\/|\/\*\*?|\*(?!\/))( ?)(.*)$/;
/** Lines that begin a paragraph of their own. */
const STARTS = /^(@|- |\d+\.? |[*#|]|```)/;

export function sourceFiles() {
  return ['src', 'test', 'bench', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile() && e.name.endsWith('.ts'))
      .map((e) => join(e.parentPath, e.name)),
  );
}

/** Wide comment lines of a text, from 1. A line without a space cannot be broken. */
export function wideComments(text) {
  return commentLines(text).flatMap((is, n) => {
    const line = text.split('\n')[n];
    return is && line.length > WIDTH && /\S\s+\S/.test(line.trim().slice(3)) ? [n + 1] : [];
  });
}

/** For each line, whether it is a comment and nothing else. Comments that stand inside of template texts are text. */
function commentLines(text) {
  let inside = false;
  let template = false;
  return text.split('\n').map((line) => {
    const trimmed = line.trim();
    if (template || (!inside && (line.match(/(?<!\\)`/g) ?? []).length % 2 === 1)) {
      const isComment = !template && /^(\/\/|\/\*|\*)/.test(trimmed);
      if (!isComment) {
        if ((line.match(/(?<!\\)`/g) ?? []).length % 2 === 1) template = !template;
        return false;
      }
    }
    if (inside) {
      if (trimmed.endsWith('*/')) inside = false;
      return trimmed.startsWith('*');
    }
    if (trimmed.startsWith('//')) return true;
    if (!trimmed.startsWith('/*')) return false;
    if (!trimmed.includes('*/')) inside = true;
    return trimmed.endsWith('*/') || inside;
  });
}

function fill(words, first, next) {
  const lines = [];
  let line = first;
  let isEmpty = true;
  for (const word of words) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = next;
      isEmpty = true;
    }
    line += (isEmpty ? '' : ' ') + word;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Where the text of an indented line goes on: below its last column. */
function hanging(content) {
  const item = /^(\s*)(- |\d+\.? +|@\w+ |\*\s+)/.exec(content);
  if (item !== null) return ' '.repeat(item[2].startsWith('@') ? item[1].length + 2 : item[0].length);
  const [, lead = ''] = /^(\s*)/.exec(content) ?? [];
  const column = /^(\s*\S.*?\s{2,})\S/.exec(content);
  return column !== null && column[1].length < WIDTH / 2 ? ' '.repeat(column[1].length) : `${lead}  `;
}

/** A wide line on its own, broken without touching the spaces inside of it. */
function breakLine(prefix, content) {
  const next = hanging(content);
  const lines = [];
  let rest = content;
  let lead = '';
  while ((prefix + lead + rest).length > WIDTH) {
    const room = WIDTH - prefix.length - lead.length;
    let at = rest.lastIndexOf(' ', room);
    // An arrow stands before what it leads to.
    const arrow = /\s(--\S*( \S+)*-->|-->)$/.exec(rest.slice(0, at));
    if (arrow !== null && arrow.index > room / 3) at = arrow.index;
    if (at <= /^\s*/.exec(rest)[0].length) break;
    lines.push(prefix + lead + rest.slice(0, at).trimEnd());
    rest = rest.slice(at + 1).trimStart();
    lead = next;
  }
  return [...lines, prefix + lead + rest];
}

export function wrapped(text) {
  if (wideComments(text).length === 0) return text;
  const lines = text.split('\n');
  // A wide comment of one line becomes a block first.
  const is = commentLines(text);
  const blocks = lines.flatMap((line, n) => {
    const one = /^(\s*)(\/\*\*?) (.*) \*\/$/.exec(line);
    if (!is[n] || one === null || line.length <= WIDTH) return [line];
    return [`${one[1]}${one[2]}`, `${one[1]} * ${one[3]}`, `${one[1]} */`];
  });
  const comment = commentLines(blocks.join('\n'));
  const out = [];
  let isExample = false;
  for (let n = 0; n < blocks.length; n++) {
    const line = blocks[n];
    const parts = comment[n] ? COMMENT.exec(line) : null;
    if (parts === null || parts[2].startsWith('/*')) {
      out.push(line);
      continue;
    }
    const [, indent, mark, , content] = parts;
    const prefix = `${indent}${mark} `;
    // Examples are code.
    if (content.startsWith('```')) isExample = !isExample;
    if (isExample || content.startsWith('```')) {
      out.push(line);
      continue;
    }
    if (/^\s/.test(content) || content === '') {
      out.push(...(line.length > WIDTH ? breakLine(prefix, content) : [line]));
      continue;
    }
    // A paragraph: lines of the same prefix that go on with prose.
    const paragraph = [content];
    while (n + 1 < blocks.length && comment[n + 1]) {
      const more = COMMENT.exec(blocks[n + 1]);
      if (more === null || more[1] !== indent || more[2] !== mark) break;
      const text = more[4];
      const isContinued = STARTS.test(content) && /^\s{2}\S/.test(text) && !/\s{2,}\S.*\s{2,}/.test(text);
      if (text === '' || STARTS.test(text) || (/^\s/.test(text) && !isContinued)) break;
      paragraph.push(text.trim());
      n++;
    }
    const original = blocks.slice(n - paragraph.length + 1, n + 1);
    if (!original.some((l) => l.length > WIDTH)) {
      out.push(...original);
      continue;
    }
    if (/\s{2,}|-->/.test(content)) {
      for (const l of original) out.push(...(l.length > WIDTH ? breakLine(prefix, l.slice(prefix.length)) : [l]));
      continue;
    }
    const next = STARTS.test(content) ? prefix + hanging(content) : prefix;
    out.push(...fill(paragraph.join(' ').split(/\s+/), prefix, next));
  }
  return out.join('\n');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const file of sourceFiles()) {
    const text = readFileSync(file, 'utf8');
    const better = wrapped(text);
    if (better !== text) writeFileSync(file, better);
  }
