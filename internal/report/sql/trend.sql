WITH halves AS (
  SELECT CASE WHEN created < {middle} THEN 'first half' ELSE 'second half' END AS half,
    count(*) AS total,
    count(*) FILTER ({later}) AS later
  FROM payments
  WHERE succeeded{and}
  GROUP BY ALL
)
SELECT half, total, later,
  (100 * later / total)::DECIMAL(5, 1) AS share,
  {low later total} AS share_low,
  {high later total} AS share_high
FROM halves
ORDER BY half
