-- All that was paid by day, currency and country, by any method: what the shares of `bnpl_usage` are of.
--
-- To take a share, add up `bnpl_usage` and this apart from each other, over the same days and places, and then divide. Joined row
-- by row, a day on which a provider took nothing would be missing from what its share is of.

SELECT
  account,                                                  -- the Stripe account
  created::DATE AS day,                                     -- of the attempt (UTC)
  currency,                                                 -- of the amounts
  country,                                                  -- of the payer; null where nothing tells
  count(*) AS attempts,                                     -- charges, whatever came of them
  count(*) FILTER (succeeded) AS payments,                  -- of them, those that took money
  sum(gross) AS volume,                                     -- what they took
  count(*) FILTER (succeeded AND method = 'card') AS card_payments, -- of payments, by card
  coalesce(sum(gross) FILTER (method = 'card'), 0) AS card_volume -- what they took
FROM attempts
GROUP BY ALL;

-- By account and currency, this is what attempts have.
SELECT 'checkout_daily' AS book, account, currency, attempts, payments, volume, card_payments, card_volume FROM checkout_daily
UNION ALL
SELECT 'attempts', account, currency, 1, succeeded::INTEGER, gross, (succeeded AND method = 'card')::INTEGER, CASE WHEN method = 'card' THEN gross ELSE 0 END
FROM attempts;
