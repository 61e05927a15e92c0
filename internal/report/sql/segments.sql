SELECT segment,
  count(*) AS customers,
  (100 * count(*) / sum(count(*)) OVER ())::DECIMAL(5, 1) AS share,
  (sum(gross) FILTER (currency = {currency}))::DECIMAL(38, {digits}) AS volume
FROM bnpl_customers
{where}
GROUP BY ALL
ORDER BY customers DESC, segment
