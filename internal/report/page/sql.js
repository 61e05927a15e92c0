// The SQL of a figure under the filter, as sql_template.go makes it without one.
const literal = (text) => `'${text.replaceAll("'", "''")}'`;

function conditions(figure) {
  const list = [];
  const last = axes.period.length - 1;
  if (filter.from > 0) list.push(`${figure.date} >= DATE '${axes.period[filter.from]}'`);
  if (filter.to < last) list.push(`${figure.date} < DATE '${axes.period[filter.to + 1]}'`);
  if (filter.currency >= 0 && !figure.sql.includes("currency = {currency}{and}")) list.push(`currency = ${literal(money())}`);
  if (filter.account >= 0) list.push(`account = ${literal(axes.account[filter.account])}`);
  if (filter.provider >= 0 && figure.provider) list.push(figure.provider.replaceAll("{}", literal(axes.provider[filter.provider])));
  return list;
}

function wilson(sign, part, whole) {
  return `(100 * (${part} + 1.9208 ${sign} 1.96 * sqrt(${part} * (${whole} - ${part}) / nullif(${whole}, 0) + 0.9604)) / (${whole} + 3.8416))::DECIMAL(5, 1)`;
}

const edges = () => {
  const [low, high] = data.ends[money()] ?? [1, 0];
  return [axes.edge[0], ...axes.edge.slice(low, high + 1)];
};

function question(figure) {
  const where = conditions(figure);
  const word = (found, name, provider) => {
    const [verb, part, whole] = name.split(" ");
    switch (verb) {
      case "where": return where.length ? "WHERE " + where.join("\n  AND ") : "";
      case "and": return where.map((c) => "\n  AND " + c).join("");
      case "low": return wilson("-", part, whole);
      case "high": return wilson("+", part, whole);
      case "later": return filter.provider < 0 ? "pays_later" : `pays_later AND method = ${literal(axes.provider[filter.provider])}`;
      case "currency": return literal(money());
      case "digits": return String(digits());
      case "unit": return data.unit;
      case "middle": return `DATE '${axes.period[middle()] ?? "1970-01-01"}'`;
      case "edges": return edges().join(", ");
      case "methods": return ["card", ...axes.provider].map(literal).join(", ");
      case "provider": return literal(provider);
      case "Provider": return `"${provider.replaceAll('"', '""')}"`;
    }
    return found;
  };
  const lines = [];
  for (const line of figure.sql.split("\n")) {
    for (const provider of line.includes("{provider}") ? providers() : [""]) {
      const done = line.replace(/\{([^{}]*)\}/g, (found, name) => word(found, name, provider)).trimEnd();
      if (done.trim()) lines.push(done);
    }
  }
  return lines.join("\n");
}
