/**
 * The main table in the page: all rows as data, some of them in the document.
 *
 *   rows --search, filters--> matching --sort--> ordered --page--> shown
 */
export const GRID_CLIENT = `
(() => {
  const { columns, rows, links, pages } = JSON.parse(document.getElementById('grid-data').textContent);
  const byId = (id) => document.getElementById(id);
  const table = byId('results'), body = table.tBodies[0], size = byId('size');
  const heads = [...table.querySelectorAll('thead th[data-column]')];
  const selects = [...document.querySelectorAll('select[data-column]')];
  const lower = rows.map((r) => r.join('\\t').toLowerCase());
  const keyOf = (text, numeric) => text === '-' || text === '' ? '' : numeric ? Number(text.replaceAll(',', '')) : text;
  const all = rows.map((_, i) => i);
  let matching = all, ordered = all, page = 0, sorted;

  const order = () => {
    if (sorted === undefined) { ordered = matching; return; }
    const { column, sign } = sorted, numeric = columns[column].numeric;
    const keys = matching.map((i) => ({ i, key: keyOf(rows[i][column], numeric) }));
    const compare = compareBy(sign, numeric);
    keys.sort((a, b) => compare(a.key, b.key) || a.i - b.i);
    ordered = keys.map((k) => k.i);
  };
  const rowOf = (i) => {
    const tr = document.createElement('tr');
    rows[i].forEach((text, c) => {
      const cell = document.createElement(c === 0 ? 'th' : 'td');
      if (c === 0) {
        cell.scope = 'row';
        const a = document.createElement('a');
        a.href = pages[links[i]];
        a.textContent = text;
        cell.append(a);
      } else cell.textContent = text;
      const kind = columns[c].id === 'status' ? 'status ' + text : columns[c].numeric ? 'n' : columns[c].long ? 'text' : '';
      if (kind !== '') cell.className = kind;
      tr.append(cell);
    });
    return tr;
  };
  const n = (x) => x.toLocaleString('en');
  const show = (per = size.value === 'all' ? Infinity : Number(size.value)) => {
    const last = Math.max(0, Math.ceil(ordered.length / per) - 1);
    page = Number.isFinite(per) ? Math.min(page, last) : 0;
    const from = page === 0 ? 0 : page * per;
    const part = ordered.slice(from, from + per);
    body.replaceChildren(...part.map(rowOf));
    const of = matching.length === rows.length ? n(rows.length) + ' rows' : n(matching.length) + ' matching rows of ' + n(rows.length);
    byId('shown').textContent = part.length === ordered.length ? of : 'rows ' + n(from + 1) + ' to ' + n(from + part.length) + ' of ' + of;
    byId('previous').disabled = page === 0;
    byId('next').disabled = page >= last;
  };
  const filter = () => {
    const words = byId('search').value.trim().toLowerCase().split(/\\s+/).filter(Boolean);
    const wanted = selects.filter((s) => s.value !== '').map((s) => [Number(s.dataset.column), s.value]);
    matching = all.filter((i) => words.every((w) => lower[i].includes(w)) && wanted.every(([c, v]) => rows[i][c] === v));
    page = 0;
    order();
    show();
  };
  const move = (by) => { page += by; show(); table.closest('.wide').scrollTop = 0; };
  heads.forEach((th) => th.querySelector('button').addEventListener('click', () => {
    sorted = { column: Number(th.dataset.column), sign: turn(th) };
    page = 0;
    order();
    show();
  }));
  byId('search').addEventListener('input', filter);
  selects.forEach((s) => s.addEventListener('change', filter));
  size.addEventListener('change', () => { page = 0; show(); });
  byId('previous').addEventListener('click', () => move(-1));
  byId('next').addEventListener('click', () => move(1));
  byId('csv').addEventListener('click', () => {
    const quote = (t) => /[",\\n]/.test(t) ? '"' + t.replaceAll('"', '""') + '"' : t;
    const plain = (t, c) => columns[c].numeric ? String(keyOf(t, true)) : quote(t);
    const lines = [columns.map((c) => quote(c.label)).join(','), ...ordered.map((i) => rows[i].map(plain).join(','))];
    const a = document.createElement('a');
    a.href = URL.createObjectURL(new Blob([lines.join('\\n') + '\\n'], { type: 'text/csv' }));
    a.download = 'rows.csv';
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 1000);
  });
  // Paper has room for all that match, up to some forty pages of it.
  addEventListener('beforeprint', () => show(2000));
  addEventListener('afterprint', () => show());
  // What a browser kept of the form when the page was left.
  filter();
  document.querySelector('.tools').hidden = false;
})();
`;
