/** What every page has: head, style, way back, scripts. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Chart } from '../charts/chart.ts';
import { html, Markup, scriptCode, scriptJson } from '../markup.ts';
import { CLIENT } from './client.ts';
import { GRID_CLIENT } from './client-grid.ts';
import { STYLE } from './style.ts';

export interface PageParts {
  title: string;
  /** Links to where the page belongs, outermost first. */
  way: readonly { href: string; text: string }[];
  header: Markup;
  main: Markup;
  charts?: readonly Chart[];
  /** Of `assets/`, relative to the page; needed where there are charts. */
  assets?: string;
  /** Content of the main table (grid.ts). */
  grid?: unknown;
}

/** A whole page that opens from disk and asks nothing of a network. */
export function page(p: PageParts): string {
  const shown = (p.charts ?? []).map(({ id, spec, description }) => ({ id, spec: { ...spec, description } }));
  const drawn = shown.length > 0 && p.assets !== undefined;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${p.title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
${p.way.length > 0 && html`<nav aria-label="Breadcrumb"><ol class="way">${p.way.map((w) => html`<li><a href="${w.href}">${w.text}</a></li>`)}</ol></nav>`}
${p.header}
</header>
<main id="main" tabindex="-1">
${p.main}
</main>
<div class="sr" id="spoken" role="status"></div>
${p.grid !== undefined && html`<script type="application/json" id="grid-data">${scriptJson(p.grid)}</script>`}
${drawn && html`<script type="application/json" id="chart-data">${scriptJson(shown)}</script>`}
<script>${scriptCode(CLIENT)}${p.grid !== undefined && scriptCode(GRID_CLIENT)}</script>
${drawn && html`<script src="${p.assets}/vega.js" async onload="drawCharts()"></script>`}
</body>
</html>
`.text;
}

/** vega, vega-lite and vega-embed as browsers load them, in one file. */
export function chartLibrary(): string {
  return ['vega', 'vega-lite', 'vega-embed']
    .map((name) => {
      const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
      const file = folders
        .map((f) => join(f, name, 'build', `${name}.min.js`))
        .find((path) => existsSync(path));
      if (file === undefined) throw new Error(`${name} is not installed`);
      return readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/gm, '');
    })
    .join('\n;\n');
}
