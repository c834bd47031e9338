/** The page's style: light and dark, screen and print. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1c2128; --paper: #ffffff; --line: #d5dae1; --soft: #f3f5f8; --accent: #1259a7;
  --cut: #fbe3e4; --new: #dff2e4; --good: #146c36; --bad: #a3242d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ec; --paper: #14181d; --line: #363d47; --soft: #1d232a;
  --accent: #7db6f5; --cut: #4a2226; --new: #1d3f2a; --good: #6fce90; --bad: #f2868e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1320px; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: var(--soft); white-space: nowrap; }
td.n, th.n { text-align: right; }
td.ok { color: var(--good); } td.failed, td.skipped, td.rejected { color: var(--bad); }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid var(--accent); }
th[aria-sort=ascending] button::after { content: " \\25B2"; } th[aria-sort=descending] button::after { content: " \\25BC"; }
#results td { white-space: nowrap; } #results td.text { white-space: normal; min-width: 7rem; max-width: 22rem; overflow-wrap: break-word; }
.tools { display: flex; gap: 1rem; align-items: center; margin: .5rem 0; }
input[type=search] { font: inherit; padding: .25rem .5rem; border: 1px solid var(--line); border-radius: 4px;
  background: var(--paper); color: var(--ink); min-width: 16rem; }
figure { margin: 1rem 0; overflow-x: auto; } .chart { min-height: 60px; }
details.program { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; }
details.program { content-visibility: auto; contain-intrinsic-size: auto 2.6rem; }
summary { cursor: pointer; font-weight: 600; } summary .size { font-weight: 400; }
table.code { font: 12.5px/1.45 ui-monospace, monospace; table-layout: fixed; }
table.code td, table.rewrites pre { white-space: pre-wrap; overflow-wrap: anywhere; }
table.code td { border-bottom: 0; padding: 0 .5rem; } table.code td.cut { background: var(--cut); }
table.code td.new { background: var(--new); } table.rewrites pre { margin: 0; font-size: 12.5px; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media print { body { max-width: none; padding: 0; } .tools { display: none; } thead th { position: static; }
  figure, details.program { break-inside: avoid-page; } :root { --paper: #fff; --ink: #000; --soft: #eee; --line: #999;
  --cut: #f6d5d7; --new: #d3ecd9; } }
`;
