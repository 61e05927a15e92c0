// The data of the page and the sums over it. Amounts are BigInt: thousandths of
// major units, fees millionths.
const data = JSON.parse(document.getElementById("data").textContent);
const axes = data.axes;
const [CARD, OTHER] = [0, 1]; // on the axis way; from 2 on: providers
for (const cells of Object.values(data.cells ?? {})) {
  for (const name of ["volume", "costedVolume", "fees"]) {
    if (name in cells) cells[name] = cells[name].split(" ").map(BigInt);
  }
}

// filter is what the page shows: places on the axes, -1 where nothing is chosen.
const filter = { from: 0, to: axes.period.length - 1, currency: -1, provider: -1, account: -1 };

const money = () => axes.currency[Math.max(filter.currency, 0)] ?? "";
const digits = () => data.digits[money()] ?? 2;
const providers = () => (filter.provider < 0 ? axes.provider : [axes.provider[filter.provider]]);
const isLater = (way) => (filter.provider < 0 ? way > OTHER : way === filter.provider + 2);
const isShown = (way) => way <= OTHER || isLater(way); // where a provider leaves the others out
const middle = () => filter.from + Math.floor((filter.to - filter.from + 1) / 2);

// each calls f with a function that reads the columns of each cell under the
// filter; a column that tells nothing apart is not there, and 0.
function each(cube, f) {
  const cells = data.cells[cube];
  let i = 0;
  const at = (name) => (name in cells ? cells[name][i] : 0);
  for (; i < cells.length; i++) {
    if (at("period") < filter.from || at("period") > filter.to) continue;
    if (filter.currency >= 0 && at("currency") !== filter.currency) continue;
    if (filter.account >= 0 && at("account") !== filter.account) continue;
    f(at);
  }
}

// unread reports that not all of a period's payments were read.
const unread = (period) => (data.unread ?? []).some((s) => period >= s.from && period <= s.to && (filter.account < 0 || filter.account === s.account));

const inMoney = (at) => at("currency") === Math.max(filter.currency, 0);

// group adds up cells by key: key(at) names a group, none if undefined; add(sum,
// at) adds a cell to what start() began.
function group(cube, key, start, add) {
  const sums = new Map();
  each(cube, (at) => {
    const k = key(at);
    if (k === undefined) return;
    if (!sums.has(k)) sums.set(k, start());
    add(sums.get(k), at);
  });
  return sums;
}

// by orders rows as SQL does: by numbers downwards, then by the texts upwards.
const by = (count, ...texts) => (a, b) => {
  if (a[count] !== b[count]) return b[count] - a[count];
  for (const t of texts) if (a[t] !== b[t]) return a[t] < b[t] ? -1 : 1;
  return 0;
};
