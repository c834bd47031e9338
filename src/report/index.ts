/**
 * Reports.
 *
 *   definition + rows --summary--> lines --columns--> text (terminal) · markdown + charts (SVG)
 *                                        --write--> page of the experiment, a page per program (HTML)
 *   all reports of a folder --site--> overview
 */

export { type Chart, svgOf } from './charts/chart.ts';
export { chartsOf } from './charts/charts.ts';
export { markdownOf } from './markdown.ts';
export { comparisonJunit, comparisonMarkdown, comparisonText } from './tables/comparison-text.ts';
export {
  type Summary,
  type SummaryLine,
  summarise,
  type Totals,
  totalsOf,
  totalsText,
} from './tables/summary.ts';
export { summaryText, textTable } from './tables/text.ts';
export { type ReportFiles, writeReport } from './write.ts';
