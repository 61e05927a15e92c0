// The rows of each figure out of the cells: the same that its SQL answers, as
// texts, none for NULL. Divisions come last, in doubles and in DuckDB's order.
function decimal(number, places) {
  if (!Number.isFinite(number)) return "";
  const rounded = String(Math.round(Math.abs(number) * 10 ** places)).padStart(places + 1, "0");
  const sign = number < 0 && Number(rounded) > 0 ? "-" : "";
  return places ? `${sign}${rounded.slice(0, -places)}.${rounded.slice(-places)}` : sign + rounded;
}

// exact is an amount rounded to the places of its currency, without a float.
function exact(units, scale, places) {
  const half = units < 0n ? -1n : 1n;
  const step = 10n ** BigInt(scale - places);
  const rounded = step === 1n ? units : (units * 2n + half * step) / (step * 2n);
  const size = String(rounded < 0n ? -rounded : rounded).padStart(places + 1, "0");
  const sign = rounded < 0n ? "-" : "";
  return places ? `${sign}${size.slice(0, -places)}.${size.slice(-places)}` : sign + size;
}

const major = (units, scale) => Number(units) / 10 ** scale;
const rate = (part, whole) => (whole ? decimal((100 * part) / whole, 1) : "");
const rateOf = (part, partScale, whole, wholeScale, places) =>
  whole ? decimal(major(100n * part, partScale) / major(whole, wholeScale), places) : "";
const mean = (sum, scale, n) => (n ? decimal(major(sum, scale) / n, digits()) : "");

function bounds(part, whole) {
  if (!whole) return ["", ""];
  const spread = 1.96 * Math.sqrt((part * (whole - part)) / whole + 0.9604);
  return [-spread, spread].map((s) => decimal((100 * (part + 1.9208 + s)) / (whole + 3.8416), 1).replace(/^-/, ""));
}

const tables = {
  summary() {
    const sums = group("payments",
      (at) => (isLater(at("way")) ? "later" : at("way") === CARD ? "card" : "other"),
      () => ({ attempts: 0, total: 0, baskets: 0, volume: 0n, costed: 0, costedVolume: 0n, fees: 0n }),
      (s, at) => {
        s.attempts += at("attempts");
        s.total += at("total");
        if (!inMoney(at)) return;
        s.baskets += at("total");
        s.volume += at("volume");
        s.costed += at("costed");
        s.costedVolume += at("costedVolume");
        s.fees += at("fees");
      });
    const all = [...sums.values()];
    const made = all.reduce((n, s) => n + s.total, 0);
    const taken = all.reduce((n, s) => n + s.volume, 0n);
    return ["later", "card", "other"].filter((paid) => sums.has(paid)).map((paid) => {
      const s = sums.get(paid);
      return [paid, s.attempts, rate(s.total, s.attempts), ...bounds(s.total, s.attempts),
        s.total, made, rate(s.total, made), ...bounds(s.total, made),
        s.baskets ? exact(s.volume, 3, digits()) : "", s.baskets ? rateOf(s.volume, 3, taken, 3, 1) : "",
        mean(s.volume, 3, s.baskets), s.costed ? rateOf(s.fees, 6, s.costedVolume, 3, 2) : ""];
    });
  },
  trend() {
    const sums = group("payments", (at) => (at("total") ? (at("period") < middle() ? "first half" : "second half") : undefined), () => [0, 0],
      (s, at) => { s[0] += at("total"); s[1] += isLater(at("way")) ? at("total") : 0; });
    return [...sums].sort().map(([half, [total, later]]) => [half, total, later, rate(later, total), ...bounds(later, total)]);
  },
  time() {
    const sums = group("payments", (at) => (at("total") ? at("period") : undefined),
      () => ({ total: 0, ways: axes.way.map(() => 0), baskets: 0, volume: 0n, laterVolume: 0n }),
      (s, at) => {
        s.total += at("total");
        s.ways[at("way")] += at("total");
        if (!inMoney(at)) return;
        s.baskets += at("total");
        s.volume += at("volume");
        if (!isLater(at("way"))) return;
        s.laterVolume += at("volume");
      });
    return [...sums].sort((a, b) => a[0] - b[0]).map(([period, s]) => {
      const later = s.ways.reduce((n, count, way) => n + (isLater(way) ? count : 0), 0);
      return [axes.period[period], s.total, later, rate(later, s.total), ...providers().map((p) => s.ways[axes.way.indexOf(p, 2)]),
        s.baskets ? exact(s.volume, 3, digits()) : "", s.baskets ? exact(s.laterVolume, 3, digits()) : "",
        s.volume ? rateOf(s.laterVolume, 3, s.volume, 3, 1) : ""];
    });
  },
  baskets() {
    const sums = group("baskets", (at) => (inMoney(at) && isShown(at("way")) ? at("edge") : undefined),
      () => axes.way.map(() => 0), (s, at) => { s[at("way")] += at("total"); });
    const places = (edge) => (edge === undefined ? "" : exact(thousandths(edge), 3, digits()));
    return [...sums].sort((a, b) => a[0] - b[0]).map(([edge, ways]) => {
      const text = axes.edge[edge];
      return [places(text), places(edges()[edges().indexOf(text) + 1]), ...providers().map((p) => ways[axes.way.indexOf(p, 2)]), ways[CARD], ways[OTHER]];
    });
  },
  outcomes() {
    const sums = group("payments", (at) => (isShown(at("way")) ? at("way") : undefined), () => [0, 0, 0, 0, 0],
      (s, at) => ["attempts", "total", "known", "refunds", "disputes"].forEach((name, i) => { s[i] += at(name); }));
    return [...sums].map(([way, [attempts, total, known, refunds, disputes]]) => [axes.way[way], attempts, total,
      rate(total, attempts), ...bounds(total, attempts),
      known, refunds, rate(refunds, known), ...bounds(refunds, known),
      disputes, rate(disputes, total), ...bounds(disputes, total)]).sort(by(1, 0));
  },
  where() {
    const sums = group("places", (at) => at("place"), () => axes.way.map(() => 0), (s, at) => { s[at("way")] += at("total"); });
    return [...sums].map(([place, ways]) => {
      const total = ways.reduce((n, count) => n + count, 0);
      const later = ways.reduce((n, count, way) => n + (isLater(way) ? count : 0), 0);
      return [axes.place[place], total, later, rate(later, total), ...providers().map((p) => ways[axes.way.indexOf(p, 2)])];
    }).sort(by(1, 0)).slice(0, 20);
  },
  costs() {
    const sums = group("payments", (at) => (inMoney(at) && isShown(at("way")) && at("total") ? at("way") : undefined),
      () => ({ total: 0, volume: 0n, costed: 0, costedVolume: 0n, fees: 0n }),
      (s, at) => {
        for (const name of Object.keys(s)) s[name] += at(name);
      });
    return [...sums].map(([way, s]) => [axes.way[way], s.total, exact(s.volume, 3, digits()), mean(s.volume, 3, s.total), s.costed,
      s.costed ? exact(s.fees, 6, digits()) : "", mean(s.fees, 6, s.costed), s.costed ? rateOf(s.fees, 6, s.costedVolume, 3, 2) : ""]).sort(by(1, 0));
  },
  flow() {
    const chosen = (at) => filter.provider < 0 || isLater(at("began")) || isLater(at("latest"));
    const sums = group("customers", (at) => (at("returned") && chosen(at) ? `${at("began")} ${at("latest")}` : undefined),
      () => [0, 0], (s, at) => { s[0] += at("returned"); s[1] += at("switched"); });
    return [...sums].map(([ends, sum]) => [...ends.split(" ").map((way) => axes.way[way]), ...sum]).sort(by(2, 0, 1));
  },
  repeat() {
    const sums = group("customers", (at) => (filter.provider < 0 || at("began") === CARD || isLater(at("began")) ? at("began") : undefined),
      () => [0, 0], (s, at) => { s[0] += at("customers"); s[1] += at("returned"); });
    return [...sums].map(([way, [customers, returned]]) => [axes.way[way], customers, returned, rate(returned, customers), ...bounds(returned, customers)]).sort(by(1, 0));
  },
  segments() {
    const sums = group("segments", (at) => at("segment"), () => ({ customers: 0, inMoney: 0, volume: 0n }), (s, at) => {
      s.customers += at("customers");
      if (!inMoney(at)) return;
      s.inMoney += at("customers");
      s.volume += at("volume");
    });
    const all = [...sums.values()].reduce((n, s) => n + s.customers, 0);
    return [...sums].map(([segment, s]) => [axes.segment[segment], s.customers, rate(s.customers, all), s.inMoney ? exact(s.volume, 3, digits()) : ""]).sort(by(1, 0));
  },
};

function thousandths(text) {
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(3, "0"));
}
