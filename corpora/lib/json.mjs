// SPDX-License-Identifier: MIT
/** JSON with two-space indentation in which a value that fits on one line of 200 columns stays on it. */
const WIDTH = 200;

export function stringify(value, indent = '') {
  const flat = (v) => JSON.stringify(v, null, 1).replace(/\n\s*/g, ' ');
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const line = flat(value);
  if (indent.length + line.length <= WIDTH && !line.includes('[ {')) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((v) => inner + stringify(v, inner)).join(',\n')}\n${indent}]`;
  }
  const rows = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{\n${rows.map(([k, v]) => `${inner}${JSON.stringify(k)}: ${stringify(v, inner)}`).join(',\n')}\n${indent}}`;
}
