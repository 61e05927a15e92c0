// How charts look, and the parts that several are made of. ECharts draws them.
const narrow = () => document.documentElement.clientWidth < 700 && !printing;
const dark = matchMedia("(prefers-color-scheme: dark)");
const still = matchMedia("(prefers-reduced-motion: reduce)");
let printing = false;

// The colours of Okabe and Ito, which colour-blind people tell apart, lighter on
// dark ground. Every mark also has its name beside it.
const themes = {
  light: { ways: ["#0072b2", "#d18a00", "#009e73", "#c2679a", "#3a9bd3", "#d55e00", "#8a7a00"], card: "#6b7280", other: "#8b929d",
    text: "#1d2430", quiet: "#535c6a", line: "#d9dce2", paper: "#ffffff", heat: ["#eef3f8", "#0b4a80"] },
  dark: { ways: ["#56a9e0", "#f0b429", "#2fc39a", "#e29bc3", "#9ad4f5", "#f28a45", "#d7cc4a"], card: "#a3adbb", other: "#6f7885",
    text: "#eceff4", quiet: "#b1bac7", line: "#3a4250", paper: "#1a1f28", heat: ["#222b38", "#7cc4f2"] },
};
const theme = () => themes[dark.matches && !printing ? "dark" : "light"];

function colour(way) {
  if (way === "card" || way === "other") return theme()[way];
  const at = axes.provider.indexOf(way);
  return theme().ways[at < 0 ? 6 : Math.min(at, 6)];
}

const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

// Names come from data: ECharts draws those of SVG as text, and a tooltip must too.
const safe = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const tip = () => {
  const t = theme();
  return { confine: true, backgroundColor: t.paper, borderColor: t.line, textStyle: { color: t.text, fontSize: 13 } };
};

function frame(option) {
  const t = theme();
  return {
    animationDuration: 0,
    animationDurationUpdate: still.matches || printing ? 0 : 250,
    backgroundColor: "transparent",
    textStyle: { fontFamily: font, color: t.text, fontSize: 13 },
    tooltip: { ...tip(), trigger: "item" },
    ...option,
  };
}

const plainAxis = () => {
  const t = theme();
  return {
    axisLine: { lineStyle: { color: t.line } }, axisTick: { show: false },
    axisLabel: { color: t.quiet, fontSize: 12 }, splitLine: { lineStyle: { color: t.line } },
    nameTextStyle: { color: t.quiet },
  };
};

const percent = (value) => `${value} %`;

// names is an axis of categories from the top down, as wide as room says.
const room = (list, most) => Math.min(most, 14 + 8 * Math.max(...list.map((name) => name.length)));
function names(list, most, more) {
  return {
    ...plainAxis(), type: "category", inverse: true, data: list, splitLine: { show: false },
    axisLabel: { color: theme().text, fontSize: 13, lineHeight: 15, width: room(list, most) - 12, overflow: "break", interval: 0, ...more },
  };
}

// ink is black or white: what can be read on the heat of a share from 0 to 1.
function ink(share) {
  const [cold, hot] = theme().heat.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255));
  const linear = cold.map((c, i) => c + (hot[i] - c) * share).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? "#000" : "#fff";
}

// compact is a count beside a mark, where there is little room.
const compact = (n) => (n < 1e5 ? grouped(n) : n < 1e6 ? `${Math.round(n / 1e3)}k` : `${decimal(n / 1e6, 1)}M`);

// ranges are points with intervals, one a row: rows of {name, way, value, low,
// high, of}. They lie in grid number i.
function ranges(rows, i, title) {
  const number = (row, key) => (row[key] === "" ? null : Number(row[key]));
  const at = { xAxisIndex: i, yAxisIndex: i };
  const hint = (p) => {
    const row = rows[p.dataIndex];
    return `${safe(row.name)}<br><b>${row.value} %</b> of ${grouped(row.of)}<br>95 % interval ${row.low} to ${row.high} %`;
  };
  return [
    { type: "bar", stack: title, ...at, silent: true, barWidth: 7, itemStyle: { color: "transparent" }, data: rows.map((r) => number(r, "low")) },
    {
      type: "bar", stack: title, ...at, barWidth: 7, tooltip: { formatter: hint },
      data: rows.map((r) => ({ value: r.low === "" ? null : Number(r.high) - Number(r.low), itemStyle: { color: colour(r.way) + "80", borderRadius: 4 } })),
      label: { show: true, position: "right", distance: 8, color: theme().text, backgroundColor: theme().paper, padding: [1, 2], fontSize: 12, formatter: (p) => `${rows[p.dataIndex].value} % of ${compact(rows[p.dataIndex].of)}` },
    },
    {
      type: "scatter", ...at, symbolSize: 11, z: 5, tooltip: { formatter: hint },
      data: rows.map((r) => ({ value: number(r, "value"), itemStyle: { color: colour(r.way), borderColor: theme().paper, borderWidth: 1.5 } })),
    },
  ];
}

// reach is how far an axis of percents goes, in about so many round steps.
function reach(rows, steps) {
  const values = rows.filter((r) => r.high !== "");
  const low = Math.min(...values.map((r) => Number(r.low)));
  const high = Math.max(...values.map((r) => Number(r.high)));
  const from = low < high / 2 ? 0 : low;
  const step = [0.2, 0.5, 1, 2, 5, 10, 20, 50].find((s) => (high - from) / s <= steps) ?? 50;
  return { min: Math.floor(from / step) * step, max: Math.min(Math.ceil(high / step) * step, 100), interval: step };
}

// bars are one a row: rows of {name, way, value, text}.
function bars(rows, most) {
  const list = rows.map((r) => r.name);
  return {
    grid: { left: room(list, most), right: narrow() ? 100 : 150, top: 4, bottom: 4 },
    xAxis: { type: "value", show: false, min: 0 },
    yAxis: names(list, most),
    series: [{
      type: "bar", barWidth: 18, data: rows.map((r) => ({ value: r.value, itemStyle: { color: colour(r.way), borderRadius: [0, 3, 3, 0] } })),
      label: { show: true, position: "right", color: theme().text, formatter: (p) => rows[p.dataIndex].text },
      tooltip: { formatter: (p) => `${safe(rows[p.dataIndex].name)}<br><b>${safe(rows[p.dataIndex].text)}</b>` },
    }],
  };
}
