-- One row a refund, beside the payment that it gives back.
--
-- Stripe also makes refunds of what was only authorized, when it is released in whole or, before API version 2025-03-31, in
-- part. Those move no money: `WHERE moved_money` leaves them out.

SELECT
  r.account,                                                -- the Stripe account
  r.id AS refund_id,                                        -- the refund
  r.created,                                                -- when it was made (UTC)
  r.charge_id AS payment_id,                                -- join payments; null where Stripe does not say
  p.customer_id,                                            -- who paid
  p.method,                                                 -- by which the payment was
  p.bnpl_provider,                                          -- who financed it, if so
  r.currency,                                               -- of the amounts
  r.amount,                                                 -- given back, or released
  CASE
    WHEN r.balance_transaction_id IS NULL THEN false
    WHEN b.id IS NOT NULL THEN b.reporting_category IS DISTINCT FROM 'partial_capture_reversal'
    WHEN p.gross = p.attempted THEN true
  END AS moved_money,                                       -- out of the balance; false for a release of what was not captured, and while nothing is booked; null where its transaction is not here to tell
  p.gross AS payment_gross,                                 -- what the payment took
  (CASE WHEN p.gross > 0 AND moved_money THEN r.amount / p.gross END)::DECIMAL(9, 6) AS share, -- of the payment, 0 to 1; null where no money moved
  datediff('day', p.created, r.created) AS days_after,      -- the payment
  r.status,                                                 -- pending, requires_action, succeeded, failed or canceled
  r.reason,                                                 -- as given by who made it
  r.failure_reason,                                         -- why the money came back
  b.currency AS settled_in,                                 -- of the amounts that follow
  b.amount AS settled_amount,                               -- what left the balance; negative
  b.fee AS settled_fee                                      -- of the refund; negative where one was returned
FROM refunds r
LEFT JOIN attempts p ON p.account = r.account AND p.payment_id = r.charge_id
LEFT JOIN balance_transactions b ON b.account = r.account AND b.id = r.balance_transaction_id;

-- By account and currency, these are the refunds.
SELECT 'refunds_made' AS book, account, currency, 1 AS refunds, amount FROM refunds_made
UNION ALL
SELECT 'refunds', account, currency, 1, amount FROM refunds;

-- By account and currency of the balance, what moved money is what their balance transactions moved, releases apart.
SELECT 'refunds_made' AS book, account, settled_in AS currency, settled_amount, settled_fee FROM refunds_made WHERE moved_money AND settled_in IS NOT NULL
UNION ALL
SELECT 'balance_transactions', b.account, b.currency, b.amount, b.fee
FROM balance_transactions b
SEMI JOIN refunds r ON r.account = b.account AND r.balance_transaction_id = b.id
WHERE b.reporting_category <> 'partial_capture_reversal';
