/**
 * Reports.
 *
 *   definition + rows --summary--> lines --columns--> text (terminal) · markdown + charts (SVG) · page (one HTML file)
 */
export { align, type Hunk, type Span } from './align.ts';
export { type Chart, chartsOf, svgOf } from './charts.ts';
export { comparisonJunit, comparisonMarkdown, comparisonText } from './compare.ts';
export { markdownOf } from './markdown.ts';
export { pageOf } from './page.ts';
export { type Line, type Summary, summarise, type Totals, totalsOf, totalsText } from './summary.ts';
export { summaryText, textTable } from './text.ts';
export { type ReportFiles, writeReport } from './write.ts';
