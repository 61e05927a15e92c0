-- One row a movement of the balance that a payment made after its first: refunds, disputes, reversals and failures.
--
-- A charge names its first movement only. Stripe: each later one names the charge, a refund or a dispute that it comes from, and a
-- charge names the newest of its disputes; `meta.dispute_charges` has the others, as far as they were ever seen.

WITH owners AS (
  SELECT account, id AS source_id, charge_id, 'refunds' AS learned_from FROM refunds WHERE charge_id IS NOT NULL
  UNION ALL
  SELECT account, dispute_id, charge_id, learned_from FROM meta.dispute_charges
)
SELECT
  b.account,                                                -- the Stripe account
  b.id AS balance_transaction_id,                           -- the movement
  b.created,                                                -- when it was made (UTC)
  coalesce(o.charge_id, CASE WHEN b.source_id[:3] IN ('ch_', 'py_') THEN b.source_id END) AS payment_id, -- join payments; null where it is not known
  o.learned_from,                                           -- what told the payment: refunds, charges (a dispute, in this state of the charge or a former one) or events; null where the movement does
  b.source_id,                                              -- the charge, refund or dispute
  b.reporting_category,                                     -- refund, refund_failure, charge_failure, partial_capture_reversal, dispute or dispute_reversal; charge where the lake has no such charge
  b.currency,                                               -- of the amounts
  b.amount,                                                 -- before fees; negative where money left
  b.fee,                                                    -- taken by Stripe and applications
  b.net                                                     -- amount less fee
FROM balance_transactions b
ANTI JOIN charges c ON c.account = b.account AND c.balance_transaction_id = b.id
LEFT JOIN owners o ON o.account = b.account AND o.source_id = b.source_id
WHERE b.reporting_category IN ('charge', 'refund', 'refund_failure', 'charge_failure', 'partial_capture_reversal', 'dispute', 'dispute_reversal');

-- By account, currency and category, these and the first movement of each charge are the ledger's.
SELECT 'payment_movements' AS book, account, currency, reporting_category, 1 AS movements, amount, fee, net FROM payment_movements
UNION ALL
SELECT 'payment_movements', b.account, b.currency, b.reporting_category, 1, b.amount, b.fee, b.net
FROM balance_transactions b
SEMI JOIN charges c ON c.account = b.account AND c.balance_transaction_id = b.id
UNION ALL
SELECT 'ledger', account, currency, reporting_category, movements, amount, fee, net FROM ledger
WHERE reporting_category IN ('charge', 'refund', 'refund_failure', 'charge_failure', 'partial_capture_reversal', 'dispute', 'dispute_reversal');
