// Texts, as table.go makes them.
const grouped = (number) => {
  const [, sign, whole, rest] = /^(-?)(\d+)(.*)$/.exec(String(number));
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + rest;
};

function label(name) {
  if (name === "later") return "Paid later";
  if (name === "other") return "Other methods";
  if (name === "afterpay_clearpay") return "Afterpay/Clearpay";
  const [first = ""] = name;
  return first.toUpperCase() + name.slice(first.length).replaceAll("_", " ");
}

function shown(raw, kind) {
  if (raw === "") return "–";
  if (kind === "name") return label(raw);
  return kind === "count" || kind === "money" ? grouped(raw) : String(raw);
}

const phrase = (template) => template.replace(/\{([^{}]*)\}/g, (found, name) => {
  switch (name) {
    case "currency": return money();
    case "unit": return data.unit;
    case "middle": return axes.period[middle()] ?? "";
    case "Unit": return label(data.unit);
    case "by": return filter.provider < 0 ? "paid later" : `paid later with ${label(axes.provider[filter.provider])}`;
  }
  return found;
});

// columns are a figure's, one a provider where it says so.
const columns = (figure) => figure.columns.flatMap((c) =>
  c.key === "{provider}"
    ? providers().map((p) => ({ key: p, label: label(p), kind: c.kind }))
    : [{ key: phrase(c.key), label: phrase(c.label), kind: c.kind }]);

// find is the text in the row that begins with first, in the column of key.
function find(answer, first, key) {
  const at = answer.head.findIndex((c) => c.key === key);
  const row = answer.rows.find((r) => r[0] === first);
  return !row || at < 0 ? "" : row[at] === "" ? "" : shown(row[at], answer.head[at].kind);
}

// finding is a sentence: its number and how it goes on; nothing where one of its
// numbers is not there.
function finding({ number, rest }, answers) {
  let whole = true;
  const complete = (template) => phrase(template).replace(/\{([^{}.]*)\.([^{}]*)\.([^{}.]*)\}/g, (found, figure, row, key) => {
    const value = find(answers[figure], row, key);
    if (value === "") whole = false;
    return value;
  });
  const sentence = [complete(number), complete(rest)];
  return whole ? sentence : null;
}

function verdict(summary) {
  const [row] = summary.rows;
  if (!row) return "There is no payment here, not even an attempt.";
  if (row[0] !== "later") return "Nobody tried to pay later here.";
  return row[5] === 0 ? `Nobody has paid later here: of ${grouped(row[1])} attempts, none succeeded.` : "";
}
