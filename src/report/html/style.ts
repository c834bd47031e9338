/**
 * The pages' style: light and dark, screen and print. Text keeps 4.5:1 and marks 3:1 (WCAG AA): the tests
 * look.
 */

const LIGHT = `--ink: #1c2128; --muted: #4d5560; --paper: #ffffff; --line: #cfd5dd; --edge: #7c8693; --soft: #f3f5f8; --accent: #1259a7;
  --cut: #fbe3e4; --new: #dff2e4; --good: #146c36; --bad: #a3242d;`;
const DARK = `--ink: #e3e7ec; --muted: #aab3be; --paper: #14181d; --line: #363d47; --edge: #7d8794; --soft: #1d232a; --accent: #7db6f5;
  --cut: #4a2226; --new: #1d3f2a; --good: #6fce90; --bad: #f49aa1;`;

export const STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1320px; padding: 1.25rem clamp(.75rem, 3vw, 2rem) 3rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
h1 { font-size: 1.65rem; line-height: 1.25; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.2rem 0 .6rem; } h3 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
p, li, dd { max-width: 105ch; } p { margin: .5rem 0; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .4rem .8rem; z-index: 3; }
.lead { font-weight: 600; } .note { color: var(--muted); font-size: .9rem; }
.way, .contents { list-style: none; margin: 0 0 .6rem; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem .9rem; }
.way li + li::before { content: "/"; margin-right: .9rem; color: var(--muted); }
.contents { margin: .8rem 0 0; padding-top: .6rem; border-top: 1px solid var(--line); }
.findings { margin: .3rem 0 .8rem; padding-left: 1.2rem; }
.wide { overflow-x: auto; } .tall { max-height: min(82vh, 60rem); overflow: auto; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; min-width: 40%; }
th, td { padding: .24rem .55rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th, thead td { background: var(--soft); vertical-align: bottom; }
.tall thead { position: sticky; top: 0; z-index: 2; }
th[scope=row] { font-weight: inherit; }
tr.groups th { text-align: center; font-weight: 600; color: var(--muted); border-left: 1px solid var(--line); border-right: 1px solid var(--line); font-size: .93em; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.status { white-space: nowrap; } td.ok { color: var(--good); } td.failed, td.skipped, td.rejected { color: var(--bad); font-weight: 600; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
th button:hover { text-decoration: underline; }
th[aria-sort=ascending] button::after { content: " \\25B2"; font-size: .75em; } th[aria-sort=descending] button::after { content: " \\25BC"; font-size: .75em; }
table.sortable tfoot td, table.sortable tfoot th { font-weight: 600; border-top: 2px solid var(--line); }
td.says { min-width: 20rem; } .overview th[scope=row] { font-weight: 600; min-width: 11rem; } .overview details { font-size: .9rem; } .overview ul { margin: 0; padding-left: 1.1rem; }
tbody tr:hover { background: var(--soft); }
#results { width: 100%; font-size: .93em; } #results td, #results th { white-space: nowrap; padding-inline: .45rem; }
#results td.text { white-space: normal; min-width: 12rem; max-width: 24rem; overflow-wrap: anywhere; }
#results th[scope=row], .overview th[scope=row] { position: sticky; left: 0; background: var(--paper); z-index: 1; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .6rem 0; } .tools[hidden] { display: none; }
input, select, .tools button, .unfold { font: inherit; padding: .25rem .5rem; border: 1px solid var(--edge); border-radius: 4px;
  background: var(--paper); color: var(--ink); }
input[type=search] { width: min(16rem, 60vw); } .tools button, .unfold { cursor: pointer; } .tools button:disabled { color: var(--muted); border-color: var(--line); cursor: default; }
figure { margin: 1.2rem 0 1.6rem; } figcaption h2, figcaption h3 { margin-bottom: .1rem; } figcaption p { color: var(--muted); margin-top: 0; font-size: .9rem; }
.chart { overflow-x: auto; min-height: 60px; position: relative; width: fit-content; max-width: 100%; } .chart svg { display: block; } .chart .vega-embed { display: block; }
.chart.vega-embed { display: block; padding-right: 0; } .chart summary { background: var(--paper); }
details.numbers > summary { color: var(--muted); font-size: .9rem; } summary { cursor: pointer; }
details.numbers .wide { max-height: 24rem; overflow: auto; }
table.code { font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; width: 100%; }
table.code td, table.rewrites pre { white-space: pre-wrap; overflow-wrap: anywhere; }
table.code td { border-bottom: 0; padding: 0 .5rem; } table.code td.n { white-space: nowrap; width: 1%; }
table.code tbody td.n { color: var(--muted); } table.code.runs td:nth-child(3), table.code.price td:nth-child(2), table.code.none td:nth-child(1) { border-right: 1px solid var(--line); }
table.code td.cut { background: var(--cut); } table.code td.new { background: var(--new); } table.code tbody td.cut.n, table.code tbody td.new.n { color: var(--ink); }
table.code td.cut:not(.n)::before { content: "- "; } table.code td.new:not(.n)::before { content: "+ "; } table.code td:not(.cut, .new, .n):not(:empty)::before { content: "  "; }
table.code tbody td.never { color: var(--muted); font-style: italic; } table.code td.cut.never, table.code td.new.never { color: var(--ink); }
table.code tfoot th, table.code tfoot td { border-top: 1px solid var(--line); font-weight: 600; padding: .2rem .5rem; }
table.code .gap td { padding: .2rem .5rem; text-align: center; font-family: system-ui, sans-serif; } .unfold { font-size: .85rem; padding: 0 .6rem; }
table.rewrites { width: 100%; } table.rewrites pre { margin: 0; font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; min-width: 15rem; }
pre.log { overflow-x: auto; background: var(--soft); padding: .6rem; }
.absent { border-left: 3px solid var(--edge); padding-left: .8rem; }
nav.pager { display: flex; justify-content: space-between; margin-top: 2rem; gap: 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; } dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
abbr { text-decoration: underline dotted; }
.print { display: none; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 640px) { body { font-size: 14px; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; }
  th, td { padding: .2rem .4rem; } #results th[scope=row] { max-width: 9.5rem; overflow: hidden; text-overflow: ellipsis; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
/* The charts' menus come with a transition of their own. */
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { transition: none !important; animation: none !important; } }
@page { margin: 14mm; }
@media print { :root { color-scheme: light; ${LIGHT} --paper: #fff; --ink: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; } .tools, .skip, .contents, .way, nav.pager, details.numbers, .chart > details, .unfold { display: none !important; }
  .print { display: inline; } .wide, .tall, .chart { overflow: visible; max-height: none; } .tall thead, #results th[scope=row] { position: static; }
  thead { display: table-header-group; } tr, figure, .findings { break-inside: avoid; } h2, h3, figcaption { break-after: avoid; }
  th, td { padding: .12rem .32rem; } table { font-size: 8.5pt; } #results { font-size: 7pt; } table.code, table.rewrites pre { font-size: 7.5pt; } .chart svg { max-width: 100%; height: auto; } a { color: inherit; text-decoration: none; } }
`;
