/** What runs in the page: charts, sorting, filtering. Plain JavaScript without dependencies but vega-embed. */
export const CLIENT = `
(() => {
  const charts = JSON.parse(document.getElementById('charts').textContent);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const draw = () => {
    for (const c of charts) {
      const options = { actions: { export: true, source: false, compiled: false, editor: false }, renderer: 'svg' };
      if (dark.matches && !matchMedia('print').matches) options.theme = 'dark';
      const spec = { ...c.spec, background: 'transparent' };
      vegaEmbed('#chart-' + c.id, spec, options).catch((e) => console.error(e));
    }
  };
  draw();
  dark.addEventListener('change', draw);

  const status = document.getElementById('sorted');
  for (const table of document.querySelectorAll('table.sortable')) {
    const body = table.tBodies[0];
    const sortBy = (th, index) => {
      const down = th.getAttribute('aria-sort') === 'ascending';
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const numeric = th.dataset.kind === 'number';
      const keyed = [...body.rows].map((row) => {
        const raw = row.cells[index].dataset.value ?? '';
        return { row, raw, key: numeric ? Number(raw) : raw };
      });
      const sign = down ? -1 : 1;
      keyed.sort((a, b) => {
        // What has no value comes last, whichever way.
        if (a.raw === '' || b.raw === '') return (a.raw === '') - (b.raw === '');
        return sign * (numeric ? a.key - b.key : a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
      });
      body.append(...keyed.map((k) => k.row));
      if (status !== null) status.textContent = 'Sorted by ' + th.textContent.trim() + (down ? ', descending' : ', ascending');
    };
    [...table.tHead.rows[0].cells].forEach((th, i) =>
      th.querySelector('button').addEventListener('click', () => sortBy(th, i)),
    );
  }
  const table = document.getElementById('results');
  if (table !== null) {
    const body = table.tBodies[0];
    const search = document.getElementById('search');
    const shown = document.getElementById('shown');
    search.addEventListener('input', () => {
      const word = search.value.trim().toLowerCase();
      let n = 0;
      for (const row of body.rows) {
        const match = row.textContent.toLowerCase().includes(word);
        row.hidden = !match;
        if (match) n++;
      }
      shown.textContent = n + ' of ' + body.rows.length + ' rows';
    });
  }

  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === 'DETAILS') target.open = true;
  };
  addEventListener('hashchange', openTarget);
  openTarget();
  addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
})();
`;
