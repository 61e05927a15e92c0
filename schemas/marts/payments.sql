-- One row a charge attempt: who paid how, what came of it and what it cost.
--
-- Amounts are in `currency`; what reached the account's balance is in `settled_in`. A charge with refunds or disputes
-- that were settled in yet another currency has those in `ledger` only, for no sum here mixes currencies.

WITH owners AS (
  SELECT account, id AS source_id, id AS charge_id FROM charges
  UNION ALL
  SELECT account, id, charge_id FROM refunds WHERE charge_id IS NOT NULL
  UNION ALL
  SELECT account, dispute_id, id FROM charges WHERE dispute_id IS NOT NULL
),
settled AS (
  SELECT b.account, o.charge_id, b.currency,
    sum(b.amount) FILTER (b.id = c.balance_transaction_id) AS gross,
    sum(b.amount) FILTER (b.reporting_category LIKE 'dispute%') AS dispute,
    sum(b.fee) AS fee,
    sum(b.net) AS net
  FROM balance_transactions b
  JOIN owners o ON o.account = b.account AND o.source_id = b.source_id
  JOIN charges c ON c.account = o.account AND c.id = o.charge_id
  GROUP BY ALL
),
counted AS (
  SELECT *, status = 'succeeded' AND captured AS succeeded,
    count(*) FILTER (status = 'succeeded' AND captured) OVER (
      PARTITION BY account, customer_id ORDER BY created, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
  FROM charges
)
SELECT
  c.account,                                                                  -- the Stripe account
  c.id AS payment_id,                                                         -- the charge
  c.created,                                                                  -- when it was attempted (UTC)
  c.customer_id,                                                              -- null for a guest
  coalesce(c.bnpl.provider, c.payment_method.type, 'unknown') AS method,      -- the provider where one finances, else Stripe's type, such as card
  c.bnpl.provider AS bnpl_provider,                                           -- klarna, afterpay_clearpay, affirm, zip, …; null for other methods
  c.bnpl.product AS bnpl_product,                                             -- what the customer chose, where the provider says
  c.bnpl IS NOT NULL AND c.bnpl.deferred IS NOT false AS pays_later,          -- false for Klarna's pay_now, which is settled at once
  coalesce(c.bnpl.payer_country, c.billing.address.country, c.payment_method.country) AS country, -- of the payer, else of the bill, else of the card
  CASE WHEN c.status <> 'succeeded' THEN c.status WHEN c.captured THEN 'succeeded' ELSE 'authorized' END AS outcome, -- succeeded, authorized, pending or failed
  c.succeeded,                                                                -- money was taken
  c.failure_code,                                                             -- why not, in Stripe's words
  c.currency,                                                                 -- of the amounts that follow
  c.amount AS attempted,                                                      -- what was asked for
  CASE WHEN c.succeeded THEN c.amount_captured ELSE 0 END AS gross,           -- what was taken
  CASE WHEN c.succeeded THEN c.amount_refunded ELSE 0 END AS refunded,        -- of it, given back
  CASE WHEN c.succeeded THEN c.amount_net ELSE 0 END AS kept,                 -- gross less refunded
  c.disputed,                                                                 -- the customer disputed it
  CASE WHEN c.customer_id IS NOT NULL THEN c.earlier > 0 END AS returning_customer,    -- the customer had paid before; null for a guest
  b.currency AS settled_in,                                                   -- of the amounts that follow; null where nothing was settled
  s.gross AS settled_gross,                                                   -- what was taken, as settled
  s.dispute AS settled_disputes,                                              -- withdrawn for disputes, less what was won back
  s.fee,                                                                      -- fees of the charge, its refunds and its disputes
  s.net AS settled_net,                                                       -- what is left in the balance of all that
  CASE WHEN s.gross <> 0 THEN round(s.fee * c.amount_captured / s.gross, 6)::DECIMAL(18, 6) END AS cost -- fee in `currency`, at the rate at which this charge was settled
FROM counted c
LEFT JOIN balance_transactions b ON b.account = c.account AND b.id = c.balance_transaction_id
LEFT JOIN settled s ON s.account = c.account AND s.charge_id = c.id AND s.currency = b.currency
