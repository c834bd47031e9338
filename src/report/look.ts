/** What all charts share. */
export const VEGA_LITE = 'https://vega.github.io/schema/vega-lite/v6.json';

export const CHART_LOOK = {
  axis: { gridOpacity: 0.3, labelFontSize: 12, titleFontSize: 12 },
  legend: { labelFontSize: 12 },
  title: { fontSize: 14 },
} as const;
