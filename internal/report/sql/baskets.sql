WITH bins AS (
  SELECT edge AS at_least, lead(edge) OVER (ORDER BY edge) AS below
  FROM (SELECT unnest([{edges}])::DECIMAL(18, 3) AS edge)
)
SELECT at_least::DECIMAL(18, {digits}) AS at_least, below::DECIMAL(18, {digits}) AS below,
  count(*) FILTER (pays_later AND method = {provider}) AS {Provider},
  count(*) FILTER (NOT pays_later AND method = 'card') AS card,
  count(*) FILTER (NOT pays_later AND method <> 'card') AS other
FROM payments
ASOF JOIN bins ON gross >= at_least
WHERE succeeded AND currency = {currency}{and}
GROUP BY ALL
ORDER BY at_least
