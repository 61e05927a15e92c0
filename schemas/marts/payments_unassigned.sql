-- Money of payments that is in no row of `payments`, by currency, reporting category and reason.
--
-- By account and currency, `settled_net` of `payments` and `net` of this add up to what `ledger` has under charge, refund,
-- refund_failure, charge_failure, partial_capture_reversal, dispute and dispute_reversal.

WITH held AS ( -- the payments that have amounts of the balance, and in which currency
  SELECT c.account, c.id AS payment_id, b.currency
  FROM charges c
  JOIN balance_transactions b ON b.account = c.account AND b.id = c.balance_transaction_id
)
SELECT
  m.account,                                                -- the Stripe account
  m.currency,                                               -- of the amounts
  m.reporting_category,                                     -- as in `ledger`
  CASE
    WHEN m.payment_id IS NULL THEN 'payment not known'
    WHEN h.payment_id IS NULL THEN 'payment not here'
    ELSE 'other currency'
  END AS reason,                                            -- payment not known: nothing tells which; not here: the lake has no such charge, or not its first movement; other currency: than its payment was settled in
  count(*) AS movements,                                    -- balance transactions
  count(DISTINCT m.source_id) AS sources,                   -- the refunds, disputes or charges that they come from
  sum(m.amount) AS amount,                                  -- before fees; negative where money left
  sum(m.fee) AS fee,                                        -- taken by Stripe and applications
  sum(m.net) AS net                                         -- amount less fee
FROM payment_movements m
LEFT JOIN held h ON h.account = m.account AND h.payment_id = m.payment_id
WHERE h.currency IS DISTINCT FROM m.currency
GROUP BY ALL;

-- By account, currency and category, these are the movements of which no payment was settled in that currency.
SELECT 'payments_unassigned' AS book, account, currency, reporting_category, movements, amount, fee, net FROM payments_unassigned
UNION ALL
SELECT 'payment_movements', m.account, m.currency, m.reporting_category, 1, m.amount, m.fee, m.net
FROM payment_movements m
ANTI JOIN payments p ON p.account = m.account AND p.payment_id = m.payment_id AND p.settled_in = m.currency;
