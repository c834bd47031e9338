/**
 * A chart: a vega-lite specification, what it shows in words, and its numbers as a table.
 *
 *   Chart --svgOf--> drawing, in the page at once and beside the Markdown · Chart.spec --in the browser-->
 *     tooltips
 */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { TableCell } from '../tables/tables.ts';

export interface Chart {
  /** Unique in its report; the name of its file. */
  id: string;
  title: string;
  /** What the reader sees, for those who do not see it. */
  description: string;
  spec: TopLevelSpec;
  /** Id of the table whose numbers it draws, when a page has it. */
  table?: string;
  /** The numbers that are drawn. */
  data: {
    columns: readonly { label: string; numeric: boolean }[];
    rows: readonly (readonly TableCell[])[];
  };
}

/** The chart as an SVG document, with its title when it stands alone. */
export async function svgOf(chart: Chart, alone = false): Promise<string> {
  const more = alone ? { title: chart.title, background: 'white' } : { background: 'transparent' };
  const { spec } = compile({ ...chart.spec, description: chart.description, ...more });
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.Error });
  try {
    const svg = await view.toSVG();
    // Several drawings share a page: their names must differ.
    return svg.replace(/\b(clip|gradient_)(\d+)\b/g, `${chart.id}-$1$2`);
  } finally {
    view.finalize();
  }
}
