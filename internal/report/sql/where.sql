SELECT coalesce(country, '?') AS place,
  count(*) AS total,
  count(*) FILTER ({later}) AS later,
  (100 * later / total)::DECIMAL(5, 1) AS share,
  count(*) FILTER (pays_later AND method = {provider}) AS {Provider},
FROM payments
WHERE succeeded{and}
GROUP BY ALL
ORDER BY total DESC, place
LIMIT 20
