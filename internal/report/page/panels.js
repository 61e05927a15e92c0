// The chart of each figure, out of the rows of its table: {height, option}, or in
// words why there is nothing to draw. Rows are objects by column.
const most = 7; // ways that a chart tells apart; the table has all
const further = "\u0000"; // no way has this name

const charts = {
  time(rows) {
    if (rows.every((r) => r.later === 0)) return "Nobody paid later in this selection, so there is no share to draw.";
    const shownProviders = providers().filter((p) => rows.some((r) => r[p] > 0)).slice(0, most);
    const rest = (r) => r.later - shownProviders.reduce((n, p) => n + r[p], 0);
    const series = shownProviders.map((p) => ({ name: label(p), way: p, of: (r) => r[p] }));
    if (rows.some((r) => rest(r) > 0)) series.push({ name: "Further providers", way: "other", of: rest });
    const found = new Map(rows.map((r) => [r[data.unit], r]));
    const span = axes.period.slice(filter.from, filter.to + 1);
    const part = (s, r) => (100 * s.of(r)) / r.total;
    const highest = Math.max(...rows.map((r) => (100 * r.later) / r.total));
    const step = [0.5, 1, 2, 5, 10, 20].find((s) => highest / s <= 6) ?? 20;
    const top = Math.ceil(highest / step) * step;
    const marks = labelsAt(series.map((s) => part(s, rows.at(-1))), top);
    const width = narrow() ? 84 : 150;
    const { axisLabel } = plainAxis();
    return {
      height: narrow() ? 320 : 400,
      option: {
        grid: { left: 46, right: width, top: 16, bottom: 28 },
        tooltip: {
          ...tip(), trigger: "axis",
          formatter: (points) => {
            const r = found.get(points[0].axisValue);
            const lacks = unread(filter.from + points[0].dataIndex) ? "<br>not all was read" : "";
            if (!r) return safe(points[0].axisValue) + "<br>no payment" + lacks;
            const lines = series.map((s) => `${safe(s.name)} <b>${decimal(part(s, r), 1)} %</b> (${grouped(s.of(r))})`).reverse();
            return `${data.unit === "day" ? "" : label(data.unit) + " of "}${safe(r[data.unit])}<br>${lines.join("<br>")}<br>${r.share} % of ${grouped(r.total)} payments${lacks}`;
          },
        },
        xAxis: { ...plainAxis(), type: "category", data: span, splitLine: { show: false }, axisLabel: { ...axisLabel, hideOverlap: true, formatter: dateLabel } },
        yAxis: [
          { ...plainAxis(), type: "value", min: 0, max: top, interval: step, axisLine: { show: false }, axisLabel: { ...axisLabel, formatter: percent } },
          { type: "value", min: 0, max: top, position: "right", axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
            axisLabel: { customValues: marks, color: theme().text, fontSize: narrow() ? 11 : 13, margin: 8, width: width - 12, overflow: "truncate",
              rich: Object.fromEntries(series.map((s, i) => [`key${i}`, { color: colour(s.way), fontSize: 15 }])),
              formatter: (value) => {
                const i = marks.findIndex((m) => Math.abs(m - value) < 1e-6);
                return i < 0 ? "" : `{key${i}|■} ${series[i].name.replace(/[{}|]/g, " ")}`;
              } } },
        ],
        series: series.map((s) => ({
          name: s.name, type: "bar", stack: "share", barCategoryGap: "6%", barMaxWidth: 72,
          itemStyle: { color: colour(s.way), borderColor: theme().paper, borderWidth: 0.5 },
          data: span.map((day) => (found.has(day) ? part(s, found.get(day)) : 0)),
        })).concat({
          name: "Not all was read", type: "bar", barGap: "-100%", barCategoryGap: "6%", z: 0, silent: true,
          itemStyle: { color: theme().line, opacity: 0.6 }, data: span.map((_, i) => (unread(filter.from + i) ? top : null)),
        }),
      },
    };
  },
  baskets(rows, answers) {
    const ways = [...providers(), "card", "other"].map((way) => [way, rows.reduce((n, r) => n + r[way], 0)])
      .filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]).slice(0, most);
    const all = edges().map((edge) => exact(thousandths(edge), 3, digits()));
    const found = new Map(rows.map((r) => [r.at_least, r]));
    const bins = all.slice(all.indexOf(rows[0].at_least), all.indexOf(rows.at(-1).at_least) + 1);
    if (bins.length < 2) return "All baskets are of one size; the table has the numbers.";
    const average = new Map(answers.costs.rows.map((r) => [r[0], r[3]]));
    const step = 92;
    const average_at = (way) => bins.findLastIndex((b) => Number(b) <= Number(average.get(way)));
    return {
      height: ways.length * step + 34,
      option: {
        title: ways.map(([way, n], i) => ({
          text: `{name|${label(way)}}  ${grouped(n)}${narrow() ? "" : n === 1 ? " payment" : " payments"}, on average ${grouped(average.get(way))}${narrow() ? "" : ` ${money()}`}`, left: 0, top: i * step,
          textStyle: { fontSize: 12, fontWeight: "normal", color: theme().quiet, rich: { name: { fontWeight: 600, fontSize: 13, color: theme().text } } },
        })),
        grid: ways.map((_, i) => ({ left: 8, right: 8, top: i * step + 24, height: step - 34 })),
        xAxis: ways.map((_, i) => ({ ...plainAxis(), gridIndex: i, type: "category", data: bins, splitLine: { show: false },
          axisLabel: { ...plainAxis().axisLabel, show: i === ways.length - 1, hideOverlap: true, formatter: (b) => grouped(b.replace(/\.0+$/, "")) } })),
        yAxis: ways.map((_, i) => ({ gridIndex: i, type: "value", show: false, min: 0 })),
        series: ways.map(([way, n], i) => ({
          type: "bar", xAxisIndex: i, yAxisIndex: i, barCategoryGap: "8%", itemStyle: { color: colour(way), borderRadius: [2, 2, 0, 0] },
          data: bins.map((b) => found.get(b)?.[way] ?? 0),
          tooltip: { formatter: (p) => {
            const r = found.get(bins[p.dataIndex]);
            return `${safe(label(way))}<br>${grouped(bins[p.dataIndex])} to below ${shown(r?.below ?? "", "money")} ${safe(money())}<br><b>${decimal((100 * (r?.[way] ?? 0)) / n, 1)} %</b> (${grouped(r?.[way] ?? 0)} of ${grouped(n)})`;
          } },
          markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: theme().text, width: 1.5, type: [3, 3] }, data: [{ xAxis: Math.max(average_at(way), 0) }] },
        })),
      },
    };
  },
  outcomes(rows) {
    const list = rows.slice(0, most + 2);
    const panels = [["Success", "success", "attempts"], ["Refunded", "refund", "known"], ["Disputed", "dispute", "total"]].map(([title, key, of]) => ({
      title, rows: list.map((r) => ({ name: label(r.way), way: r.way, value: r[key], low: r[key + "_low"], high: r[key + "_high"], of: r[of] })),
    })).filter((p) => p.rows.some((r) => r.value !== ""));
    const small = narrow();
    const tall = list.length * 34 + 34;
    return {
      height: small ? panels.length * (tall + 34) : tall + 30,
      option: {
        title: panels.map((p, i) => ({ text: p.title, left: small ? 0 : i === 0 ? "16%" : `${16 + i * 28.5}%`, top: small ? i * (tall + 34) : 0, textStyle: { fontSize: 13, color: theme().text } })),
        grid: panels.map((_, i) => small
          ? { left: 110, right: 96, top: i * (tall + 34) + 26, height: tall - 34 }
          : { left: `${16 + i * 28.5}%`, width: "16%", top: 28, height: tall - 30 }),
        xAxis: panels.map((p, i) => ({ ...plainAxis(), gridIndex: i, type: "value", ...reach(p.rows, 2), axisLabel: { ...plainAxis().axisLabel, formatter: percent, hideOverlap: true } })),
        yAxis: panels.map((p, i) => ({ ...names(p.rows.map((r) => r.name), small ? 104 : 140, { show: small || i === 0 }), gridIndex: i })),
        series: panels.flatMap((p, i) => ranges(p.rows, i, p.title)),
      },
    };
  },
  where(rows) {
    const columns = providers().filter((p) => rows.some((r) => r[p] > 0)).slice(0, most);
    if (columns.length === 0) return "Nobody paid later in this selection, so there is no map to draw.";
    if (rows.length === 1 && columns.length === 1) return "One country and one provider: there is nothing to compare.";
    const t = theme();
    const places = rows.map((r) => place(r.place));
    const share = (r, p) => (100 * r[p]) / r.total;
    const top = Math.max(...rows.flatMap((r) => columns.map((p) => share(r, p))));
    return {
      height: rows.length * 30 + 64,
      option: {
        grid: { left: room(places, narrow() ? 92 : 160), right: 4, top: narrow() ? 58 : 30, bottom: 4 },
        xAxis: { ...plainAxis(), type: "category", position: "top", data: columns.map(label), axisLine: { show: false }, splitLine: { show: false },
          axisLabel: { color: t.text, interval: 0, fontSize: 12, lineHeight: 14, width: narrow() ? 62 : 130, overflow: "break" } },
        yAxis: { ...names(places, narrow() ? 92 : 160, { fontSize: 12 }), axisLine: { show: false } },
        visualMap: { show: false, min: 0, max: top || 1, inRange: { color: t.heat } },
        series: [{
          type: "heatmap", itemStyle: { borderColor: t.paper, borderWidth: 2, borderRadius: 4 },
          data: rows.flatMap((r, y) => columns.map((p, x) => ({ value: [x, y, share(r, p)], label: { color: ink(share(r, p) / (top || 1)) } }))),
          label: { show: true, fontSize: 12, formatter: (p) => (p.value[2] === 0 ? "–" : percent(decimal(p.value[2], 1))) },
          tooltip: { formatter: (p) => {
            const r = rows[p.value[1]];
            return `${safe(label(columns[p.value[0]]))}, ${safe(place(r.place))}<br><b>${decimal(p.value[2], 1)} %</b> (${grouped(r[columns[p.value[0]]])} of ${grouped(r.total)})`;
          } },
        }],
      },
    };
  },
  costs(rows) {
    const list = rows.filter((r) => r.cost_rate !== "").slice(0, most + 2);
    if (list.length === 0) return "No cost is known: nothing of this selection was settled yet.";
    return { height: list.length * 36 + 12, option: bars(list.map((r) => ({ name: label(r.way), way: r.way, value: Math.max(Number(r.cost_rate), 0), text: `${r.cost_rate} %` })), narrow() ? 104 : 170) };
  },
  flow(rows) {
    const switched = rows.reduce((n, r) => n + r.switched, 0);
    if (switched === 0) return "Every customer who came back stayed with the first method.";
    const small = narrow();
    // What flows least shares a name: a diagram tells so many apart.
    const through = (way) => rows.reduce((n, r) => n + (r.began === way ? r.customers : 0) + (r.latest === way ? r.customers : 0), 0);
    const ways = [...new Set(rows.flatMap((r) => [r.began, r.latest]))].sort((a, b) => through(b) - through(a));
    const named = (way) => (ways.indexOf(way) < most ? way : further);
    const links = new Map();
    for (const r of rows) {
      const [began, latest] = [named(r.began), named(r.latest)];
      const link = links.get(`${began} ${latest}`) ?? { source: `began ${began}`, target: `latest ${latest}`, value: 0, switched: 0 };
      link.value += r.customers;
      link.switched += r.switched;
      links.set(`${began} ${latest}`, link);
    }
    const title = (way) => (way === further ? "Further methods" : label(way));
    const ends = [["began", "left"], ["latest", "right"]].flatMap(([key, side]) => [...new Set(rows.map((r) => named(r[key])))].map((way) => ({
      name: `${key} ${way}`, itemStyle: { color: colour(way), borderWidth: 0 },
      label: { position: side, formatter: () => `${title(way)} ${grouped(rows.filter((r) => named(r[key]) === way).reduce((n, r) => n + r.customers, 0))}` },
    })));
    return {
      height: small ? 380 : 420,
      option: {
        series: [{
          type: "sankey", left: small ? 92 : 170, right: small ? 92 : 170, top: 8, bottom: 8, nodeWidth: 14, nodeGap: 14, draggable: false, layoutIterations: 0,
          data: ends, links: [...links.values()], emphasis: { focus: "adjacency" },
          label: { color: theme().text, fontSize: small ? 11 : 13, lineHeight: 14, width: small ? 84 : 160, overflow: "break" },
          lineStyle: { color: "source", opacity: 0.35, curveness: 0.5 },
          tooltip: { formatter: (p) => (p.dataType === "edge"
            ? `${safe(title(p.data.source.slice(6)))} to ${safe(title(p.data.target.slice(7)))}<br><b>${grouped(p.data.value)}</b> customers, ${grouped(p.data.switched)} switched`
            : safe(p.name.startsWith("began") ? `First method ${title(p.name.slice(6))}` : `Last method ${title(p.name.slice(7))}`)) },
        }],
      },
    };
  },
  repeat(rows) {
    const list = rows.slice(0, most + 2).map((r) => ({ name: label(r.began), way: r.began, value: r.share, low: r.share_low, high: r.share_high, of: r.customers }));
    return {
      height: list.length * 34 + 40,
      option: {
        grid: { left: room(list.map((r) => r.name), narrow() ? 104 : 170), right: narrow() ? 110 : 150, top: 4, bottom: 26 },
        xAxis: { ...plainAxis(), type: "value", ...reach(list, narrow() ? 2 : 4), axisLabel: { ...plainAxis().axisLabel, formatter: percent } },
        yAxis: names(list.map((r) => r.name), narrow() ? 104 : 170),
        series: ranges(list, 0, "repeat"),
      },
    };
  },
  segments(rows) {
    return { height: rows.length * 44 + 12, option: bars(rows.map((r) => ({
      name: label(r.segment), way: r.segment === "pays at once" ? "card" : axes.provider[0] ?? "other", value: r.customers, text: `${grouped(r.customers)} (${r.share} %)`,
    })), narrow() ? 150 : 360) };
  },
};

const regions = new Intl.DisplayNames(["en"], { type: "region" });
function place(code) {
  if (code === "?") return "Unknown";
  try {
    return `${regions.of(code)}`;
  } catch {
    return code; // it is none
  }
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
function dateLabel(day) {
  const [year, month, date] = day.split("-");
  switch (data.unit) {
    case "year": return year;
    case "quarter": return `Q${Math.ceil(month / 3)} ${year}`;
    case "month": return `${months[month - 1]} ${year}`;
  }
  return `${Number(date)} ${months[month - 1]}`;
}

// labelsAt are the places of the names beside stacked parts: the middle of each,
// pushed apart so that they do not touch.
function labelsAt(parts, top) {
  const least = top * (narrow() ? 0.07 : 0.055);
  let below = 0;
  const marks = parts.map((part) => {
    below += part;
    return below - part / 2;
  });
  for (let i = 1; i < marks.length; i++) marks[i] = Math.max(marks[i], marks[i - 1] + least);
  const over = Math.max((marks.at(-1) ?? 0) - top, 0);
  for (let i = marks.length - 1, limit = top; over > 0 && i >= 0; i--, limit -= least) marks[i] = Math.min(marks[i], limit);
  return marks;
}
