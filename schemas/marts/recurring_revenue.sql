-- Monthly recurring revenue and churn, by month and currency, from subscriptions and their items as they are now.
--
-- A subscription counts in a month if it ran, past its trial, at the end of it. Prices are those of today: what a subscription
-- cost before it was changed is in the raw log only. Items whose price depends on use or tiers have no fixed amount; they are counted apart.

WITH items AS (
  SELECT s.account, s.id, s.currency, s.start_date, s.ended_at, s.trial_end,
    sum(i.unit_amount * i.quantity * CASE i.interval
      WHEN 'day' THEN 365.0 / 12 WHEN 'week' THEN 52.0 / 12 WHEN 'month' THEN 1.0 WHEN 'year' THEN 1.0 / 12
    END / i.interval_count) AS monthly,
    count(*) FILTER (i.unit_amount IS NULL OR i.quantity IS NULL) AS unpriced
  FROM subscriptions s
  JOIN subscription_items i ON i.account = s.account AND i.subscription_id = s.id
  WHERE s.status NOT IN ('incomplete', 'incomplete_expired', 'paused')
  GROUP BY ALL
),
months AS (
  SELECT unnest(generate_series(
    date_trunc('month', min(start_date)),
    date_trunc('month', (SELECT max(synced_at) FROM subscriptions)),
    INTERVAL 1 MONTH))::DATE AS month
  FROM items
),
running AS (
  SELECT m.month, i.*,
    greatest(i.start_date, coalesce(i.trial_end, i.start_date)) AS paid_from
  FROM months m CROSS JOIN items i
),
states AS (
  SELECT *,
    paid_from < month + INTERVAL 1 MONTH AND coalesce(ended_at >= month + INTERVAL 1 MONTH, true) AS at_end,
    paid_from < month AND coalesce(ended_at >= month, true) AS at_start
  FROM running
)
SELECT
  account,                                                  -- the Stripe account
  month,                                                    -- its first day (UTC)
  currency,                                                 -- of the amounts
  count(*) FILTER (at_end) AS subscriptions,                -- that ran at the end of the month, past their trial
  coalesce(sum(monthly) FILTER (at_end), 0)::DECIMAL(18, 3) AS mrr, -- what they bring in a month
  coalesce(sum(monthly) FILTER (at_end AND NOT at_start), 0)::DECIMAL(18, 3) AS new_mrr, -- of it, from those that began in the month
  coalesce(sum(monthly) FILTER (at_start AND NOT at_end), 0)::DECIMAL(18, 3) AS churned_mrr, -- of those that ended in the month
  count(*) FILTER (at_start AND NOT at_end) AS churned,     -- subscriptions that ended in the month
  (count(*) FILTER (at_start AND NOT at_end) / nullif(count(*) FILTER (at_start), 0))::DECIMAL(9, 6) AS churn_rate, -- of those that ran at its start, 0 to 1
  coalesce(sum(unpriced) FILTER (at_end), 0)::BIGINT AS items_without_amount -- by use or tiers; not in mrr
FROM states
GROUP BY ALL
HAVING bool_or(at_start OR at_end)
