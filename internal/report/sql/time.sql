SELECT date_trunc('{unit}', created)::DATE AS {unit},
  count(*) AS total,
  count(*) FILTER ({later}) AS later,
  (100 * later / total)::DECIMAL(5, 1) AS share,
  count(*) FILTER (pays_later AND method = {provider}) AS {Provider},
  (sum(gross) FILTER (currency = {currency}))::DECIMAL(38, {digits}) AS volume,
  (sum(CASE WHEN {later} THEN gross ELSE 0 END) FILTER (currency = {currency}))::DECIMAL(38, {digits}) AS volume_later,
  (100 * volume_later / nullif(volume, 0))::DECIMAL(5, 1) AS volume_share
FROM payments
WHERE succeeded{and}
GROUP BY ALL
ORDER BY ALL
