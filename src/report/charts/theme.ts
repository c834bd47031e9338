/**
 * What all charts share. Colours keep 3:1 (WCAG 1.4.11) against the light and the dark page, see LIGHT and
 * DARK.
 */
import type { TopLevelSpec } from 'vega-lite';

export const VEGA_LITE = 'https://vega.github.io/schema/vega-lite/v6.json';

/** Ours, the paper's, and other builds in the order of their columns. */
export const OURS = '#2a78b8';
export const THEIRS = '#d0691a';
export const OTHERS = ['#7d8590', '#8f6bc0', '#2f8f63', '#a8781c', '#c2577f'] as const;

/** Widest chart of a page. */
export const CHART_WIDTH = 720;

/** Text takes the colour of the page around it, so one drawing serves light, dark and print. */
const INK = 'currentColor';

export const CHART_LOOK: NonNullable<TopLevelSpec['config']> = {
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    gridColor: INK,
    gridOpacity: 0.12,
    domainColor: INK,
    domainOpacity: 0.4,
    tickColor: INK,
    tickOpacity: 0.4,
    labelColor: INK,
    titleColor: INK,
    labelFontSize: 12,
    labelLimit: 280,
    titleFontSize: 12,
    titleFontWeight: 'normal',
  },
  legend: { labelColor: INK, titleColor: INK, labelFontSize: 12, labelLimit: 300 },
  title: { color: INK, fontSize: 14, anchor: 'start', frame: 'group' },
  header: { labelColor: INK, titleColor: INK, labelFontSize: 13, labelFontWeight: 'bold' },
};
