// The controls, the fragment of the address that they are kept in, and the page.
const form = document.getElementById("filter");
const drawn = new Map(); // charts by figure

const after = (period) => (period + 1 < axes.period.length ? new Date(Date.parse(axes.period[period + 1]) - 864e5).toISOString().slice(0, 10) : data.last);
const startOf = (period) => (period === 0 ? data.first : axes.period[period]);

// controls are what a filter is chosen with: a name in the fragment, the place
// in filter that it sets, and the choices as [text in the fragment, text shown].
const controls = [
  { name: "from", label: "From", least: 0, choices: () => axes.period.map((_, i) => [startOf(i), startOf(i)]) },
  { name: "to", label: "To", least: 0, choices: () => axes.period.map((_, i) => [after(i), after(i)]) },
  { name: "currency", label: "Currency", least: -1, choices: () => axes.currency.map((c) => [c.toLowerCase(), c]), all: () => `All (money in ${axes.currency[0]})` },
  { name: "provider", label: "Provider", least: -1, choices: () => axes.provider.map((p) => [p, label(p)]), all: () => "All" },
  { name: "account", label: "Account", least: -1, choices: () => axes.account.map((a) => [a, a]), all: () => "All" },
];
const used = (c) => c.choices().length > (c.name === "provider" ? 0 : 1);
const nothing = () => ({ from: 0, to: axes.period.length - 1, currency: -1, provider: -1, account: -1 });

function build() {
  for (const c of controls.filter(used)) {
    const field = document.createElement("label");
    field.textContent = c.label;
    const select = document.createElement("select");
    select.name = c.name;
    if (c.all) select.add(new Option(c.all(), "-1"));
    c.choices().forEach(([, text], i) => select.add(new Option(text, String(i))));
    field.append(select);
    form.append(field);
  }
  const reset = document.createElement("button");
  reset.type = "reset";
  reset.textContent = "Show all";
  form.append(reset);
  form.hidden = form.elements.length < 2;
  form.addEventListener("change", (event) => {
    filter[event.target.name] = Number(event.target.value);
    if (filter.from > filter.to) filter[event.target.name === "from" ? "to" : "from"] = Number(event.target.value);
    history.replaceState(null, "", fragment() || location.href.split("#")[0]);
    render();
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    Object.assign(filter, nothing());
    history.replaceState(null, "", location.href.split("#")[0]);
    render();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}

// fragment is the filter as the end of a link.
function fragment() {
  const parts = new URLSearchParams();
  const none = nothing();
  for (const c of controls) if (filter[c.name] !== none[c.name]) parts.set(c.name, c.choices()[filter[c.name]][0]);
  return parts.size ? "#" + parts : "";
}

// follow reads the fragment. A date chooses the period that it lies in; what is
// not there chooses nothing.
function follow() {
  const parts = new URLSearchParams(location.hash.slice(1));
  Object.assign(filter, nothing());
  for (const c of controls) {
    const wanted = parts.get(c.name);
    if (!wanted || axes.period.length === 0) continue;
    const dated = c.name === "from" || c.name === "to";
    const at = dated ? axes.period.findLastIndex((p) => p <= wanted) : c.choices().findIndex(([text]) => text === wanted.toLowerCase() || text === wanted);
    if (at >= 0) filter[c.name] = at;
    else if (c.name === "to") filter.to = 0;
  }
  if (filter.from > filter.to) filter.to = filter.from;
}

function render() {
  for (const c of controls) if (form.elements[c.name]) form.elements[c.name].value = String(filter[c.name]);
  const answers = {};
  for (const f of data.figures) answers[f.id] = { head: columns(f), rows: tables[f.id]() };
  for (const f of data.figures) {
    fill(f, answers[f.id]);
    draw(f, answers);
  }
  const nothingFound = verdict(answers.summary);
  const verdictLine = document.getElementById("verdict");
  verdictLine.textContent = nothingFound;
  verdictLine.hidden = nothingFound === "";
  const sentences = nothingFound ? [] : data.figures.flatMap((f) => f.findings ?? []).map((s) => finding(s, answers)).filter(Boolean);
  document.getElementById("sentences").replaceChildren(...sentences.map(([number, rest]) => {
    const item = document.createElement("li");
    item.append(element("b", number), " " + rest);
    return item;
  }));
  if (axes.period.length) {
    document.getElementById("shown").textContent = `Shown: ${startOf(filter.from)} to ${after(filter.to)}, ` +
      `${filter.currency < 0 ? `all currencies (money in ${money()})` : money()}, ${filter.provider < 0 ? "all providers" : label(axes.provider[filter.provider])}` +
      (filter.account < 0 ? "" : `, ${axes.account[filter.account]}`) + ".";
  }
}

function element(name, text, kind, raw) {
  const e = document.createElement(name);
  e.textContent = text;
  if (kind) e.className = kind;
  if (raw !== undefined) e.dataset.raw = raw;
  return e;
}

// fill replaces a figure's table and SQL.
function fill(figure, { head, rows }) {
  const section = document.getElementById(figure.id);
  const table = document.getElementById(figure.id + "-table");
  const headRow = document.createElement("tr");
  headRow.append(...head.map((c) => Object.assign(element("th", c.label, c.kind), { scope: "col" })));
  table.tHead.replaceChildren(headRow);
  table.tBodies[0].replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...row.map((raw, i) => {
      const cell = element(i ? "td" : "th", shown(raw, head[i].kind), head[i].kind, raw);
      if (!i) cell.scope = "row";
      return cell;
    }));
    return line;
  }));
  section.querySelector(".scroll").hidden = rows.length === 0;
  section.querySelector(".empty").hidden = rows.length > 0;
  section.querySelector(".empty").textContent = phrase(figure.empty);
  section.querySelector(".lede").textContent = phrase(figure.lede);
  document.getElementById(figure.id + "-sql").textContent = question(figure);
}

// draw draws a figure's chart, or says why there is none.
function draw(figure, answers) {
  const box = document.getElementById(figure.id + "-chart");
  if (!box) return;
  const { head, rows } = answers[figure.id];
  const objects = rows.map((row) => Object.fromEntries(row.map((raw, i) => [head[i].key, raw])));
  const chart = rows.length ? charts[figure.id](objects, answers) : "";
  const words = document.getElementById(figure.id).querySelector(".instead");
  const drawable = typeof chart !== "string";
  box.hidden = !drawable;
  words.hidden = drawable || chart === "";
  words.textContent = drawable ? "" : chart;
  if (!drawable) return;
  box.style.height = chart.height + "px";
  const width = printing ? 680 : box.clientWidth;
  if (!drawn.has(figure.id)) drawn.set(figure.id, echarts.init(box, null, { renderer: "svg", width, height: chart.height }));
  drawn.get(figure.id).resize({ width, height: chart.height });
  drawn.get(figure.id).setOption(frame(chart.option), { notMerge: true });
}

function redraw() {
  const answers = {};
  for (const f of data.figures) answers[f.id] = { head: columns(f), rows: tables[f.id]() };
  for (const f of data.figures) draw(f, answers);
}

function start() {
  build();
  follow();
  render();
  addEventListener("hashchange", () => { follow(); render(); });
  let width = document.documentElement.clientWidth;
  addEventListener("resize", () => {
    if (printing || width === document.documentElement.clientWidth) return;
    width = document.documentElement.clientWidth;
    redraw();
  });
  for (const query of [dark, still]) query.addEventListener("change", redraw);
  addEventListener("beforeprint", () => { printing = true; redraw(); });
  addEventListener("afterprint", () => { printing = false; redraw(); });
}

if (data.figures) start(); // without a payment there is nothing to choose or to draw
