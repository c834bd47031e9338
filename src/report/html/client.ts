/**
 * What runs in every page: charts, sorting of small tables. Plain JavaScript; vega-embed comes from
 * assets/vega.js.
 */
export const CLIENT = `
const say = (text) => { document.getElementById('spoken').textContent = text; };
/** Missing values come last, whichever way. */
const compareBy = (sign, numeric) => (a, b) => {
  if (a === '' || b === '') return (a === '') - (b === '');
  return sign * (numeric ? a - b : a < b ? -1 : a > b ? 1 : 0);
};
/** Makes th the column that its table is sorted by; returns 1 or -1. */
const turn = (th) => {
  const down = th.getAttribute('aria-sort') === 'ascending';
  for (const other of th.closest('thead').querySelectorAll('[aria-sort]')) other.removeAttribute('aria-sort');
  th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  say('Sorted by ' + (th.dataset.name ?? th.textContent.trim()) + (down ? ', descending' : ', ascending'));
  return down ? -1 : 1;
};
/** The drawings of the page become interactive when they come into view. */
function drawCharts() {
  const charts = JSON.parse(document.getElementById('chart-data').textContent);
  const draw = (box) => {
    const chart = charts.find((c) => 'chart-' + c.id === box.id);
    const scratch = document.createElement('div');
    scratch.hidden = true;
    box.after(scratch);
    vegaEmbed(scratch, { ...chart.spec, background: 'transparent' },
      { actions: { export: true, source: false, compiled: false, editor: false }, renderer: 'svg', downloadFileName: chart.id })
      .then(() => { box.replaceChildren(...scratch.childNodes); box.className = 'chart ' + scratch.className; box.dataset.ready = ''; scratch.remove(); })
      .catch((e) => { scratch.remove(); console.error(e); });
  };
  const seen = new IntersectionObserver((entries) => {
    for (const e of entries) if (e.isIntersecting) { seen.unobserve(e.target); draw(e.target); }
  }, { rootMargin: '200px' });
  for (const box of document.querySelectorAll('.chart')) seen.observe(box);
}
(() => {
  for (const table of document.querySelectorAll('table.sortable')) {
    const body = table.tBodies[0];
    [...[...table.tHead.rows].at(-1).cells].forEach((th, index) => th.querySelector('button').addEventListener('click', () => {
      const numeric = th.dataset.kind === 'number';
      const key = (row) => { const raw = row.cells[index].dataset.value ?? ''; return numeric && raw !== '' ? Number(raw) : raw; };
      const compare = compareBy(turn(th), numeric);
      const keyed = [...body.rows].map((row) => ({ row, key: key(row) }));
      keyed.sort((a, b) => compare(a.key, b.key));
      body.append(...keyed.map((k) => k.row));
    }));
  }
  // Long equal parts of listings are folded here, so that they show where no script runs.
  for (const part of document.querySelectorAll('tbody.fold')) {
    const n = part.rows.length, wide = part.rows[0].cells.length;
    const gap = document.createElement('tbody');
    gap.className = 'gap';
    const cell = gap.insertRow().insertCell();
    cell.colSpan = wide;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'unfold';
    button.textContent = 'Show ' + n + ' equal lines';
    button.addEventListener('click', () => { part.hidden = false; gap.remove(); part.rows[0].tabIndex = -1; part.rows[0].focus(); });
    const note = document.createElement('span');
    note.className = 'print';
    note.textContent = n + ' equal lines';
    cell.append(button, note);
    part.before(gap);
    part.hidden = true;
  }
  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target && target.closest('details');
    if (details) { details.open = true; target.scrollIntoView(); }
  };
  addEventListener('hashchange', openTarget);
  openTarget();
})();
`;
