SELECT CASE WHEN pays_later OR method = 'card' THEN method ELSE 'other' END AS way,
  count(*) AS total,
  sum(gross)::DECIMAL(38, {digits}) AS volume,
  (sum(gross) / count(*))::DECIMAL(18, {digits}) AS basket,
  count(cost) AS costed,
  sum(cost)::DECIMAL(38, {digits}) AS fees,
  (sum(cost) / nullif(count(cost), 0))::DECIMAL(18, {digits}) AS fee,
  (100 * sum(cost) / nullif(sum(gross) FILTER (cost IS NOT NULL), 0))::DECIMAL(9, 2) AS cost_rate
FROM payments
WHERE succeeded AND currency = {currency}{and}
GROUP BY ALL
ORDER BY total DESC, way
