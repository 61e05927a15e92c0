-- Buy now, pay later by day, provider, currency and country, beside all that was paid there on that day.
--
-- Rates are of this row. To take them over several rows, divide the sums of what they are made of.

WITH cells AS (
  SELECT account, created::DATE AS day, currency, country, bnpl_provider AS provider,
    count(*) AS attempts,
    count(*) FILTER (succeeded) AS payments,
    sum(gross) AS volume,
    count(*) FILTER (refunded > 0) AS refunded_payments,
    sum(refunded) AS refunded,
    count(*) FILTER (succeeded AND refunded IS NULL) AS refunds_unknown,
    count(*) FILTER (succeeded AND disputed) AS disputes,
    sum(cost) FILTER (succeeded) AS cost,
    count(*) FILTER (succeeded AND method = 'card') AS card_payments,
    coalesce(sum(gross) FILTER (method = 'card'), 0) AS card_volume
  FROM payments
  GROUP BY ALL
),
beside AS (
  SELECT *,
    sum(payments) OVER place AS checkout_payments,
    sum(volume) OVER place AS checkout_volume,
    sum(card_payments) OVER place AS cards,
    sum(card_volume) OVER place AS by_card
  FROM cells
  WINDOW place AS (PARTITION BY account, day, currency, country)
)
SELECT
  account,                                                  -- the Stripe account
  day,                                                      -- of the attempt (UTC)
  provider,                                                 -- klarna, afterpay_clearpay, affirm, zip, …
  currency,                                                 -- of the amounts
  country,                                                  -- of the payer; null where nothing tells
  attempts,                                                 -- charges, whatever came of them
  payments,                                                 -- of them, those that took money
  (payments / attempts)::DECIMAL(9, 6) AS success_rate,                     -- payments of attempts, 0 to 1
  volume,                                                   -- what was taken
  checkout_payments,                                        -- payments by any method on that day, in that currency and country
  checkout_volume,                                          -- what they took
  (payments / nullif(checkout_payments, 0))::DECIMAL(9, 6) AS share_of_payments, -- 0 to 1
  (CASE WHEN checkout_volume > 0 THEN volume / checkout_volume END)::DECIMAL(9, 6) AS share_of_volume, -- 0 to 1
  (volume / nullif(payments, 0))::DECIMAL(18, 6)::DECIMAL(18, 3) AS basket,  -- average payment
  (by_card / nullif(cards, 0))::DECIMAL(18, 6)::DECIMAL(18, 3) AS card_basket, -- average payment by card beside it
  refunded_payments,                                        -- payments given back in whole or part
  refunded,                                                 -- what was given back, as far as known
  refunds_unknown,                                          -- payments of which it is not known
  (refunded_payments / nullif(payments - refunds_unknown, 0))::DECIMAL(9, 6) AS refund_rate, -- refunded payments of those of which it is known, 0 to 1
  disputes,                                                 -- payments that were disputed
  (disputes / nullif(payments, 0))::DECIMAL(9, 6) AS dispute_rate, -- of payments, 0 to 1
  cost,                                                     -- fees in `currency`, at the rate at which each charge was settled
  (CASE WHEN volume > 0 THEN cost / volume END)::DECIMAL(9, 6) AS cost_rate -- of volume
FROM beside
WHERE provider IS NOT NULL
