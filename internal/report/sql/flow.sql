SELECT CASE WHEN first_method IN ({methods}) THEN first_method ELSE 'other' END AS began,
  CASE WHEN last_method IN ({methods}) THEN last_method ELSE 'other' END AS latest,
  count(*) AS customers,
  count(*) FILTER (switches > 0) AS switched
FROM bnpl_customers
WHERE repeats{and}
GROUP BY ALL
ORDER BY customers DESC, began, latest
