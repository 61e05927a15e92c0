WITH tried AS (
  SELECT CASE WHEN pays_later OR method = 'card' THEN method ELSE 'other' END AS way,
    count(*) AS attempts,
    count(*) FILTER (succeeded) AS total,
    count(refunded) FILTER (succeeded) AS known,
    count(*) FILTER (refunded > 0) AS refunds,
    count(*) FILTER (succeeded AND disputed) AS disputes
  FROM payments
  {where}
  GROUP BY ALL
)
SELECT way, attempts, total,
  (100 * total / attempts)::DECIMAL(5, 1) AS success,
  {low total attempts} AS success_low,
  {high total attempts} AS success_high,
  known, refunds,
  (100 * refunds / nullif(known, 0))::DECIMAL(5, 1) AS refund,
  {low refunds known} AS refund_low,
  {high refunds known} AS refund_high,
  disputes,
  (100 * disputes / nullif(total, 0))::DECIMAL(5, 1) AS dispute,
  {low disputes total} AS dispute_low,
  {high disputes total} AS dispute_high
FROM tried
ORDER BY attempts DESC, way
