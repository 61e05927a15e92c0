-- One row a charge attempt: who paid how, what came of it and what it cost.
--
-- Amounts are in `currency`; what reached the account's balance is in `settled_in`. No sum here mixes currencies: refunds or
-- disputes that were settled in yet another one are in `payments_unassigned`, as is what no charge is known of.

WITH settled AS ( -- by movements beside each charge's first one, which few have
  SELECT account, payment_id, currency,
    sum(amount) FILTER (reporting_category = 'partial_capture_reversal') AS reversed,
    sum(amount) FILTER (reporting_category LIKE 'dispute%') AS dispute,
    sum(fee) AS fee,
    sum(net) AS net
  FROM payment_movements
  WHERE payment_id IS NOT NULL
  GROUP BY ALL
),
firsts AS (
  SELECT account, customer_id, min((created, payment_id)) AS first
  FROM attempts
  WHERE succeeded AND customer_id IS NOT NULL
  GROUP BY ALL
)
SELECT
  a.account,                                                -- the Stripe account
  a.payment_id,                                             -- the charge
  a.created,                                                -- when it was attempted (UTC)
  a.customer_id,                                            -- null for a guest
  a.method,                                                 -- the provider where one finances, else Stripe's type, such as card
  a.bnpl_provider,                                          -- klarna, afterpay_clearpay, affirm, zip, …; null for other methods
  a.bnpl_product,                                           -- what the customer chose, where the provider says
  a.pays_later,                                             -- false for Klarna's pay_now, which is settled at once
  a.country,                                                -- of the payer, else of the bill, else of the card
  a.outcome,                                                -- succeeded, authorized, pending or failed
  a.succeeded,                                              -- money was taken
  a.failure_code,                                           -- why not, in Stripe's words
  a.currency,                                               -- of the amounts that follow
  a.attempted,                                              -- what was asked for, also in vain
  a.gross,                                                  -- what was taken
  a.refunded,                                               -- of it, given back, without what a partial capture released; null where that is not known
  a.kept,                                                   -- gross less refunded; null where that is not known
  a.disputed,                                               -- the customer disputed it
  CASE WHEN a.customer_id IS NOT NULL THEN coalesce((a.created, a.payment_id) > f.first, false) END AS returning_customer, -- the customer had paid before; null for a guest
  b.currency AS settled_in,                                 -- of the amounts that follow; null where nothing was settled
  b.amount + coalesce(s.reversed, 0) AS settled_gross,      -- what was taken, as settled
  s.dispute AS settled_disputes,                            -- withdrawn for all its disputes, less what was won back
  b.fee + coalesce(s.fee, 0) AS settled_fee,                -- fees of the charge, its refunds and its disputes; as a share, of settled_gross by settled_in, or take cost of gross by currency
  b.net + coalesce(s.net, 0) AS settled_net,                -- what is left in the balance of all that
  CASE WHEN settled_gross <> 0 THEN round((b.fee + coalesce(s.fee, 0)) * a.amount_captured / settled_gross, 6)::DECIMAL(18, 6) END AS cost -- fee in `currency`, at the rate at which this charge was settled
FROM attempts a
LEFT JOIN balance_transactions b ON b.account = a.account AND b.id = a.balance_transaction_id
LEFT JOIN settled s ON s.account = a.account AND s.payment_id = a.payment_id AND s.currency = b.currency
LEFT JOIN firsts f ON f.account = a.account AND f.customer_id = a.customer_id;

-- By account and currency, what payments left in the balance and what is of no payment are the ledger's.
SELECT 'payments' AS book, account, settled_in AS currency, settled_fee AS fee, settled_net AS net FROM payments WHERE settled_in IS NOT NULL
UNION ALL
SELECT 'payments', account, currency, fee, net FROM payments_unassigned
UNION ALL
SELECT 'ledger', account, currency, fee, net FROM ledger
WHERE reporting_category IN ('charge', 'refund', 'refund_failure', 'charge_failure', 'partial_capture_reversal', 'dispute', 'dispute_reversal');

-- What a payment kept is what its own movements of the balance left, fees and disputes apart: where it was settled in its own currency, and
-- nothing of it waits or moved since its charge was read.
-- needs: charges, refunds, balance_transactions
WITH through AS (
  SELECT account, min(least(complete_through, coalesce(as_of, complete_through))) AS at
  FROM meta.coverage
  WHERE resource IN ('charges', 'refunds', 'balance_transactions')
  GROUP BY ALL
),
moved AS (
  SELECT account, payment_id, sum(amount) FILTER (reporting_category IN ('refund', 'refund_failure')) AS refunded,
    max(created) AS newest, count(DISTINCT currency) AS currencies, any_value(currency) AS currency
  FROM payment_movements
  WHERE payment_id IS NOT NULL
  GROUP BY ALL
),
waiting AS (
  SELECT DISTINCT r.account, r.charge_id
  FROM refunds r
  LEFT JOIN balance_transactions b ON b.account = r.account AND b.id = r.balance_transaction_id
  LEFT JOIN balance_transactions f ON f.account = r.account AND f.id = r.failure_balance_transaction_id
  WHERE r.status IN ('pending', 'requires_action') OR b.id IS NULL OR r.status IN ('failed', 'canceled') AND f.id IS NULL
),
told AS (
  SELECT p.account, p.payment_id, p.currency, p.kept, p.settled_gross + coalesce(m.refunded, 0) AS left_of_it
  FROM payments p
  JOIN charges c ON c.account = p.account AND c.id = p.payment_id
  JOIN through t ON t.account = p.account
  LEFT JOIN moved m ON m.account = p.account AND m.payment_id = p.payment_id
  ANTI JOIN waiting w ON w.account = p.account AND w.charge_id = p.payment_id
  WHERE p.succeeded AND p.settled_in = p.currency AND p.kept IS NOT NULL AND c.synced_at < t.at
    AND (m.newest IS NULL OR m.newest <= c.synced_at AND m.currencies = 1 AND m.currency = p.currency)
)
SELECT 'payments' AS book, account, payment_id, currency, kept FROM told
UNION ALL
SELECT 'ledger', account, payment_id, currency, left_of_it FROM told;

-- By account and currency, payments are the attempts.
SELECT 'payments' AS book, account, currency, 1 AS attempts, attempted, gross, refunded, kept FROM payments
UNION ALL
SELECT 'attempts', account, currency, 1, attempted, gross, refunded, kept FROM attempts;
