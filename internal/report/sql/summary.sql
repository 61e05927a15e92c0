WITH tried AS (
  SELECT succeeded,
    CASE WHEN {later} THEN 'later' WHEN method = 'card' THEN 'card' ELSE 'other' END AS paid,
    CASE WHEN currency = {currency} THEN gross END AS gross,
    CASE WHEN currency = {currency} THEN cost END AS cost
  FROM payments
  {where}
),
counted AS (
  SELECT paid, count(*) AS attempts, count(*) FILTER (succeeded) AS total,
    count(gross) FILTER (succeeded) AS baskets,
    sum(gross) FILTER (succeeded) AS volume,
    sum(cost) FILTER (succeeded) AS cost,
    sum(gross) FILTER (succeeded AND cost IS NOT NULL) AS costed
  FROM tried
  GROUP BY ALL
),
beside AS (
  SELECT *, sum(total) OVER () AS made, sum(volume) OVER () AS taken
  FROM counted
)
SELECT paid, attempts,
  (100 * total / attempts)::DECIMAL(5, 1) AS success,
  {low total attempts} AS success_low,
  {high total attempts} AS success_high,
  total, made,
  (100 * total / nullif(made, 0))::DECIMAL(5, 1) AS share,
  {low total made} AS share_low,
  {high total made} AS share_high,
  volume::DECIMAL(38, {digits}) AS volume,
  (100 * volume / nullif(taken, 0))::DECIMAL(5, 1) AS volume_share,
  (volume / nullif(baskets, 0))::DECIMAL(18, {digits}) AS basket,
  (100 * cost / nullif(costed, 0))::DECIMAL(9, 2) AS cost_rate
FROM beside
ORDER BY CASE paid WHEN 'later' THEN 1 WHEN 'card' THEN 2 ELSE 3 END
