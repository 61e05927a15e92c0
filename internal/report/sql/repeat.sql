WITH began AS (
  SELECT CASE WHEN first_method IN ({methods}) THEN first_method ELSE 'other' END AS began,
    count(*) AS customers,
    count(*) FILTER (repeats) AS returned
  FROM bnpl_customers
  {where}
  GROUP BY ALL
)
SELECT began, customers, returned,
  (100 * returned / customers)::DECIMAL(5, 1) AS share,
  {low returned customers} AS share_low,
  {high returned customers} AS share_high
FROM began
ORDER BY customers DESC, began
