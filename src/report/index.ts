/**
 * Reports.
 *
 *   definition + rows --summary--> lines --columns--> text (terminal) · markdown + charts (SVG)
 *                                        --write--> page of the experiment, a page per program (HTML)
 *   all reports of a folder --site--> overview
 */
export { align, type Hunk, type Span } from './align.ts';
export { type Chart, svgOf } from './chart.ts';
export { chartsOf } from './charts.ts';
export { comparisonJunit, comparisonMarkdown, comparisonText } from './compare.ts';
export { markdownOf } from './markdown.ts';
export { type Line, type Summary, summarise, type Totals, totalsOf, totalsText } from './summary.ts';
export { summaryText, textTable } from './text.ts';
export { type ReportFiles, writeReport } from './write.ts';
