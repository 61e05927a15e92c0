-- stripe.subscription_item: rows of subscription_items from subscription objects
WITH source AS (
  SELECT account, id, observed_at, seq,
    CASE WHEN json_valid(object) THEN object END AS object,
    -- the object with its numbers between quotes, as they were sent
    CASE WHEN json_valid(object) THEN array_to_string(list_transform(
      regexp_extract_all(object, '"(?:[^"\\]|\\.)*"|[^"]+'),
      lambda part: CASE WHEN starts_with(part, '"') THEN part ELSE regexp_replace(part, '(-?[0-9][-+.0-9eE]*)', '"\1"', 'g') END
    ), '') END AS digits
  FROM raw
), found AS (
  SELECT raw.*,
    json_extract(raw.object, [
      /* 1 */ '$.id',
      /* 2 */ '$.created',
      /* 3 */ '$.status',
      /* 4 */ '$.customer.id',
      /* 5 */ '$.customer',
      /* 6 */ '$.livemode',
      /* 7 */ '$.current_period_start',
      /* 8 */ '$.current_period_end',
      /* 9 */ '$.items.data'
    ]) AS object_found,
    json_extract(raw.digits, [
      /* 1 */ '$.items.data'
    ]) AS digits_found
  FROM source AS raw
  WHERE json_type(raw.object) = 'OBJECT' AND raw.id <> '' AND NOT starts_with(raw.id, 'noid:')
), each AS (
  SELECT raw.*,
    unnest(json_extract(object_found[9], '$[*]')) AS "item",
    unnest(json_extract(digits_found[1], '$[*]')) AS "item_digits"
  FROM found AS raw
), items AS (
  SELECT raw.*,
    json_extract("item", [
      /* 1 */ '$.id',
      /* 2 */ '$.created',
      /* 3 */ '$.current_period_start',
      /* 4 */ '$.current_period_end',
      /* 5 */ '$.billed_until',
      /* 6 */ '$.price.id',
      /* 7 */ '$.plan.id',
      /* 8 */ '$.price.product.id',
      /* 9 */ '$.price.product',
      /* 10 */ '$.plan.product.id',
      /* 11 */ '$.plan.product',
      /* 12 */ '$.price.nickname',
      /* 13 */ '$.plan.nickname',
      /* 14 */ '$.plan.name',
      /* 15 */ '$.price.lookup_key',
      /* 16 */ '$.quantity',
      /* 17 */ '$.price.currency',
      /* 18 */ '$.plan.currency',
      /* 19 */ '$.price.unit_amount',
      /* 20 */ '$.plan.amount',
      /* 21 */ '$.price.unit_amount_decimal',
      /* 22 */ '$.plan.amount_decimal',
      /* 23 */ '$.price.billing_scheme',
      /* 24 */ '$.plan.billing_scheme',
      /* 25 */ '$.price.tiers_mode',
      /* 26 */ '$.plan.tiers_mode',
      /* 27 */ '$.price.recurring.interval',
      /* 28 */ '$.plan.interval',
      /* 29 */ '$.price.recurring.interval_count',
      /* 30 */ '$.plan.interval_count',
      /* 31 */ '$.price.recurring.usage_type',
      /* 32 */ '$.plan.usage_type',
      /* 33 */ '$.price.recurring.aggregate_usage',
      /* 34 */ '$.plan.aggregate_usage',
      /* 35 */ '$.price.recurring.meter',
      /* 36 */ '$.price.recurring.trial_period_days',
      /* 37 */ '$.plan.trial_period_days',
      /* 38 */ '$.price.tax_behavior',
      /* 39 */ '$.price.transform_quantity.divide_by',
      /* 40 */ '$.plan.transform_usage.divide_by',
      /* 41 */ '$.price.transform_quantity.round',
      /* 42 */ '$.plan.transform_usage.round',
      /* 43 */ '$.billing_thresholds.usage_gte',
      /* 44 */ '$.tax_rates',
      /* 45 */ '$.discounts',
      /* 46 */ '$.metadata'
    ]) AS item_found,
    json_extract("item_digits", [
      /* 1 */ '$.price.unit_amount_decimal',
      /* 2 */ '$.plan.amount_decimal',
      /* 3 */ '$.tax_rates',
      /* 4 */ '$.metadata'
    ]) AS item_digits_found
  FROM each AS raw
  WHERE json_type("item") = 'OBJECT'
), sent AS (
  -- each source path; a value of another type is null
  SELECT raw.*,
    CASE json_type(item_found[1]) WHEN 'VARCHAR' THEN item_found[1] ->> '$' END AS "item.id",
    CASE json_type(object_found[1]) WHEN 'VARCHAR' THEN object_found[1] ->> '$' END AS "$.id",
    CASE WHEN json_type(object_found[2]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[2] ->> '$' AS BIGINT) END AS "$.created",
    CASE json_type(object_found[3]) WHEN 'VARCHAR' THEN object_found[3] ->> '$' END AS "$.status",
    CASE 'VARCHAR' WHEN json_type(object_found[5]) THEN object_found[5] ->> '$' WHEN json_type(object_found[4]) THEN object_found[4] ->> '$' END AS "ref($.customer)",
    CASE json_type(object_found[6]) WHEN 'BOOLEAN' THEN (object_found[6] ->> '$')::BOOLEAN END AS "$.livemode",
    CASE WHEN json_type(item_found[2]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[2] ->> '$' AS BIGINT) END AS "item.created",
    CASE WHEN json_type(item_found[3]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[3] ->> '$' AS BIGINT) END AS "item.current_period_start",
    CASE WHEN json_type(object_found[7]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[7] ->> '$' AS BIGINT) END AS "$.current_period_start",
    CASE WHEN json_type(item_found[4]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[4] ->> '$' AS BIGINT) END AS "item.current_period_end",
    CASE WHEN json_type(object_found[8]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[8] ->> '$' AS BIGINT) END AS "$.current_period_end",
    CASE WHEN json_type(item_found[5]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[5] ->> '$' AS BIGINT) END AS "item.billed_until",
    CASE json_type(item_found[6]) WHEN 'VARCHAR' THEN item_found[6] ->> '$' END AS "item.price.id",
    CASE json_type(item_found[7]) WHEN 'VARCHAR' THEN item_found[7] ->> '$' END AS "item.plan.id",
    CASE 'VARCHAR' WHEN json_type(item_found[9]) THEN item_found[9] ->> '$' WHEN json_type(item_found[8]) THEN item_found[8] ->> '$' END AS "ref(item.price.product)",
    CASE 'VARCHAR' WHEN json_type(item_found[11]) THEN item_found[11] ->> '$' WHEN json_type(item_found[10]) THEN item_found[10] ->> '$' END AS "ref(item.plan.product)",
    CASE json_type(item_found[12]) WHEN 'VARCHAR' THEN item_found[12] ->> '$' END AS "item.price.nickname",
    CASE json_type(item_found[13]) WHEN 'VARCHAR' THEN item_found[13] ->> '$' END AS "item.plan.nickname",
    CASE json_type(item_found[14]) WHEN 'VARCHAR' THEN item_found[14] ->> '$' END AS "item.plan.name",
    CASE json_type(item_found[15]) WHEN 'VARCHAR' THEN item_found[15] ->> '$' END AS "item.price.lookup_key",
    CASE WHEN json_type(item_found[16]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[16] ->> '$' AS BIGINT) END AS "item.quantity",
    CASE json_type(item_found[17]) WHEN 'VARCHAR' THEN item_found[17] ->> '$' END AS "item.price.currency",
    CASE json_type(item_found[18]) WHEN 'VARCHAR' THEN item_found[18] ->> '$' END AS "item.plan.currency",
    CASE WHEN json_type(item_found[19]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[19] ->> '$' AS BIGINT) END AS "item.price.unit_amount",
    CASE WHEN json_type(item_found[20]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[20] ->> '$' AS BIGINT) END AS "item.plan.amount",
    CASE WHEN json_type(item_digits_found[1]) IN ('VARCHAR', 'BOOLEAN') THEN item_digits_found[1] ->> '$' END AS "text(item.price.unit_amount_decimal)",
    CASE WHEN json_type(item_digits_found[2]) IN ('VARCHAR', 'BOOLEAN') THEN item_digits_found[2] ->> '$' END AS "text(item.plan.amount_decimal)",
    CASE json_type(item_found[23]) WHEN 'VARCHAR' THEN item_found[23] ->> '$' END AS "item.price.billing_scheme",
    CASE json_type(item_found[24]) WHEN 'VARCHAR' THEN item_found[24] ->> '$' END AS "item.plan.billing_scheme",
    CASE json_type(item_found[25]) WHEN 'VARCHAR' THEN item_found[25] ->> '$' END AS "item.price.tiers_mode",
    CASE json_type(item_found[26]) WHEN 'VARCHAR' THEN item_found[26] ->> '$' END AS "item.plan.tiers_mode",
    CASE json_type(item_found[27]) WHEN 'VARCHAR' THEN item_found[27] ->> '$' END AS "item.price.recurring.interval",
    CASE json_type(item_found[28]) WHEN 'VARCHAR' THEN item_found[28] ->> '$' END AS "item.plan.interval",
    CASE WHEN json_type(item_found[29]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[29] ->> '$' AS BIGINT) END AS "item.price.recurring.interval_count",
    CASE WHEN json_type(item_found[30]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[30] ->> '$' AS BIGINT) END AS "item.plan.interval_count",
    CASE json_type(item_found[31]) WHEN 'VARCHAR' THEN item_found[31] ->> '$' END AS "item.price.recurring.usage_type",
    CASE json_type(item_found[32]) WHEN 'VARCHAR' THEN item_found[32] ->> '$' END AS "item.plan.usage_type",
    CASE json_type(item_found[33]) WHEN 'VARCHAR' THEN item_found[33] ->> '$' END AS "item.price.recurring.aggregate_usage",
    CASE json_type(item_found[34]) WHEN 'VARCHAR' THEN item_found[34] ->> '$' END AS "item.plan.aggregate_usage",
    CASE json_type(item_found[35]) WHEN 'VARCHAR' THEN item_found[35] ->> '$' END AS "item.price.recurring.meter",
    CASE WHEN json_type(item_found[36]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[36] ->> '$' AS BIGINT) END AS "item.price.recurring.trial_period_days",
    CASE WHEN json_type(item_found[37]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[37] ->> '$' AS BIGINT) END AS "item.plan.trial_period_days",
    CASE json_type(item_found[38]) WHEN 'VARCHAR' THEN item_found[38] ->> '$' END AS "item.price.tax_behavior",
    CASE WHEN json_type(item_found[39]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[39] ->> '$' AS BIGINT) END AS "item.price.transform_quantity.divide_by",
    CASE WHEN json_type(item_found[40]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[40] ->> '$' AS BIGINT) END AS "item.plan.transform_usage.divide_by",
    CASE json_type(item_found[41]) WHEN 'VARCHAR' THEN item_found[41] ->> '$' END AS "item.price.transform_quantity.round",
    CASE json_type(item_found[42]) WHEN 'VARCHAR' THEN item_found[42] ->> '$' END AS "item.plan.transform_usage.round",
    CASE WHEN json_type(item_found[43]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(item_found[43] ->> '$' AS BIGINT) END AS "item.billing_thresholds.usage_gte"
  FROM items AS raw
), made AS (
  SELECT
    raw.account AS "account",
    "item.id" AS "id",
    "$.id" AS "subscription_id",
    make_timestamp(CASE WHEN "$.created" BETWEEN -62135596800 AND 253402300799 THEN "$.created" * 1000000 END) AS "subscription_created",
    "$.status" AS "subscription_status",
    "ref($.customer)" AS "customer_id",
    "$.livemode" AS "livemode",
    make_timestamp(CASE WHEN "item.created" BETWEEN -62135596800 AND 253402300799 THEN "item.created" * 1000000 END) AS "created",
    make_timestamp(CASE WHEN coalesce("item.current_period_start", "$.current_period_start") BETWEEN -62135596800 AND 253402300799 THEN coalesce("item.current_period_start", "$.current_period_start") * 1000000 END) AS "current_period_start",
    make_timestamp(CASE WHEN coalesce("item.current_period_end", "$.current_period_end") BETWEEN -62135596800 AND 253402300799 THEN coalesce("item.current_period_end", "$.current_period_end") * 1000000 END) AS "current_period_end",
    make_timestamp(CASE WHEN "item.billed_until" BETWEEN -62135596800 AND 253402300799 THEN "item.billed_until" * 1000000 END) AS "billed_until",
    coalesce("item.price.id", "item.plan.id") AS "price_id",
    coalesce("ref(item.price.product)", "ref(item.plan.product)") AS "product_id",
    coalesce("item.price.nickname", "item.plan.nickname", "item.plan.name") AS "nickname",
    "item.price.lookup_key" AS "lookup_key",
    "item.quantity" AS "quantity",
    upper(coalesce("item.price.currency", "item.plan.currency")) AS "currency",
    CASE WHEN regexp_full_match(coalesce("item.price.currency", "item.plan.currency"), '[A-Za-z]{3}') THEN TRY_CAST(coalesce("item.price.unit_amount", "item.plan.amount") * CASE WHEN lower(coalesce("item.price.currency", "item.plan.currency")) IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower(coalesce("item.price.currency", "item.plan.currency")) IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) WHEN coalesce("item.price.unit_amount", "item.plan.amount") = 0 AND coalesce("item.price.currency", "item.plan.currency") IS NULL AND (((json_type(item_found[17]) <> 'NULL' AND "item.price.currency" IS NULL) OR (json_type(item_found[18]) <> 'NULL' AND "item.plan.currency" IS NULL)) AND coalesce("item.price.currency", "item.plan.currency") IS NULL) IS NOT TRUE THEN 0.000 END AS "unit_amount",
    coalesce("item.price.unit_amount", "item.plan.amount") AS "unit_amount_minor",
    TRY_CAST(regexp_extract(coalesce("text(item.price.unit_amount_decimal)", "text(item.plan.amount_decimal)"), '^-?(0|[1-9][0-9]*)(\.[0-9]{1,12}0*)?([eE][+-]?[0-9]+)?$') AS DECIMAL(38,12)) AS "unit_amount_decimal",
    coalesce("item.price.billing_scheme", "item.plan.billing_scheme") AS "billing_scheme",
    coalesce("item.price.tiers_mode", "item.plan.tiers_mode") AS "tiers_mode",
    coalesce("item.price.recurring.interval", "item.plan.interval") AS "interval",
    TRY_CAST(coalesce("item.price.recurring.interval_count", "item.plan.interval_count") AS SMALLINT) AS "interval_count",
    coalesce("item.price.recurring.usage_type", "item.plan.usage_type") AS "usage_type",
    coalesce("item.price.recurring.aggregate_usage", "item.plan.aggregate_usage") AS "aggregate_usage",
    "item.price.recurring.meter" AS "meter_id",
    TRY_CAST(coalesce("item.price.recurring.trial_period_days", "item.plan.trial_period_days") AS INTEGER) AS "trial_period_days",
    "item.price.tax_behavior" AS "tax_behavior",
    CASE WHEN (("item.price.transform_quantity.divide_by" IS NOT NULL) OR ("item.plan.transform_usage.divide_by" IS NOT NULL)) THEN {
      'divide_by': coalesce("item.price.transform_quantity.divide_by", "item.plan.transform_usage.divide_by"),
      'round': coalesce("item.price.transform_quantity.round", "item.plan.transform_usage.round")} END AS "transform_quantity",
    "item.billing_thresholds.usage_gte" AS "usage_threshold",
    CASE WHEN json_type(item_found[44]) = 'ARRAY' THEN list_transform(json_extract(item_found[44], '$[*]'), lambda element, i: CASE WHEN json_type(element) = 'OBJECT' THEN {
      'id': CASE json_type(element, '$.id') WHEN 'VARCHAR' THEN element ->> '$.id' END,
      'display_name': CASE json_type(element, '$.display_name') WHEN 'VARCHAR' THEN element ->> '$.display_name' END,
      'description': CASE json_type(element, '$.description') WHEN 'VARCHAR' THEN element ->> '$.description' END,
      'percentage': TRY_CAST(regexp_extract(CASE WHEN json_type(json_extract(item_digits_found[3], '$[*]')[i], '$.percentage') IN ('VARCHAR', 'BOOLEAN') THEN json_extract(item_digits_found[3], '$[*]')[i] ->> '$.percentage' END, '^-?(0|[1-9][0-9]*)(\.[0-9]{1,12}0*)?([eE][+-]?[0-9]+)?$') AS DECIMAL(38,12)),
      'effective_percentage': TRY_CAST(regexp_extract(CASE WHEN json_type(json_extract(item_digits_found[3], '$[*]')[i], '$.effective_percentage') IN ('VARCHAR', 'BOOLEAN') THEN json_extract(item_digits_found[3], '$[*]')[i] ->> '$.effective_percentage' END, '^-?(0|[1-9][0-9]*)(\.[0-9]{1,12}0*)?([eE][+-]?[0-9]+)?$') AS DECIMAL(38,12)),
      'currency': upper(CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END),
      'flat_amount': CASE WHEN regexp_full_match(CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END, '[A-Za-z]{3}') THEN TRY_CAST(CASE WHEN json_type(element, '$.flat_amount.amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount.amount' AS BIGINT) END * CASE WHEN lower(CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END) IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower(CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END) IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) WHEN CASE WHEN json_type(element, '$.flat_amount.amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount.amount' AS BIGINT) END = 0 AND CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END IS NULL AND (json_type(element, '$.flat_amount.currency') <> 'NULL' AND CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END IS NULL) IS NOT TRUE THEN 0.000 END,
      'flat_amount_minor': CASE WHEN json_type(element, '$.flat_amount.amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount.amount' AS BIGINT) END,
      'rate_type': CASE json_type(element, '$.rate_type') WHEN 'VARCHAR' THEN element ->> '$.rate_type' END,
      'inclusive': CASE json_type(element, '$.inclusive') WHEN 'BOOLEAN' THEN (element ->> '$.inclusive')::BOOLEAN END,
      'active': CASE json_type(element, '$.active') WHEN 'BOOLEAN' THEN (element ->> '$.active')::BOOLEAN END,
      'tax_type': CASE json_type(element, '$.tax_type') WHEN 'VARCHAR' THEN element ->> '$.tax_type' END,
      'country': CASE json_type(element, '$.country') WHEN 'VARCHAR' THEN element ->> '$.country' END,
      'state': CASE json_type(element, '$.state') WHEN 'VARCHAR' THEN element ->> '$.state' END,
      'jurisdiction': CASE json_type(element, '$.jurisdiction') WHEN 'VARCHAR' THEN element ->> '$.jurisdiction' END,
      'jurisdiction_level': CASE json_type(element, '$.jurisdiction_level') WHEN 'VARCHAR' THEN element ->> '$.jurisdiction_level' END} END) END AS "tax_rates",
    CASE WHEN json_type(item_found[45]) = 'ARRAY' THEN list_transform(json_extract(item_found[45], '$[*]'), lambda value: CASE 'VARCHAR' WHEN json_type(value) THEN value ->> '$' WHEN json_type(value, '$.id') THEN value ->> '$.id' END) END AS "discount_ids",
    CASE WHEN (json_type(item_found[46]) = 'OBJECT' OR (item_found[46] -> '$')::VARCHAR = '[]') THEN map(json_keys(item_found[46]), list_transform(json_extract(item_found[46], '$.*'), lambda value, n: CASE WHEN json_type(value) IN ('OBJECT', 'ARRAY') THEN value::VARCHAR ELSE json_extract(item_digits_found[4], '$.*')[n] ->> '$' END)) END AS "metadata",
    raw.observed_at AS "synced_at",
    false AS "deleted",
    NULL::TIMESTAMP AS "deleted_seen_at",
    raw.id AS "_source_id",
    raw.seq::BIGINT AS "_seq"
  FROM sent AS raw
  WHERE ((((json_type(item_found[19]) <> 'NULL' AND "item.price.unit_amount" IS NULL) OR (json_type(item_found[20]) <> 'NULL' AND "item.plan.amount" IS NULL)) AND coalesce("item.price.unit_amount", "item.plan.amount") IS NULL) OR (coalesce("item.price.unit_amount", "item.plan.amount") IS NOT NULL AND CASE WHEN regexp_full_match(coalesce("item.price.currency", "item.plan.currency"), '[A-Za-z]{3}') THEN TRY_CAST(coalesce("item.price.unit_amount", "item.plan.amount") * CASE WHEN lower(coalesce("item.price.currency", "item.plan.currency")) IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower(coalesce("item.price.currency", "item.plan.currency")) IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) IS NULL WHEN coalesce("item.price.currency", "item.plan.currency") IS NULL THEN coalesce("item.price.unit_amount", "item.plan.amount") <> 0 OR (((json_type(item_found[17]) <> 'NULL' AND "item.price.currency" IS NULL) OR (json_type(item_found[18]) <> 'NULL' AND "item.plan.currency" IS NULL)) AND coalesce("item.price.currency", "item.plan.currency") IS NULL) IS TRUE END)) IS NOT TRUE -- unit_amount can be read
    AND list_bool_or(list_transform(json_extract(item_found[44], '$[*]'), lambda element, i: json_type(element) = 'OBJECT' AND (((json_type(element, '$.flat_amount.amount') <> 'NULL' AND CASE WHEN json_type(element, '$.flat_amount.amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount.amount' AS BIGINT) END IS NULL) OR (CASE WHEN json_type(element, '$.flat_amount.amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount.amount' AS BIGINT) END IS NOT NULL AND CASE WHEN regexp_full_match(CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END, '[A-Za-z]{3}') THEN TRY_CAST(CASE WHEN json_type(element, '$.flat_amount.amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount.amount' AS BIGINT) END * CASE WHEN lower(CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END) IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower(CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END) IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) IS NULL WHEN CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END IS NULL THEN CASE WHEN json_type(element, '$.flat_amount.amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount.amount' AS BIGINT) END <> 0 OR (json_type(element, '$.flat_amount.currency') <> 'NULL' AND CASE json_type(element, '$.flat_amount.currency') WHEN 'VARCHAR' THEN element ->> '$.flat_amount.currency' END IS NULL) IS TRUE END))))) IS NOT TRUE -- tax_rates can be read
)
SELECT * FROM made
WHERE "id" IS NOT NULL
  AND "subscription_created" IS NOT NULL
  AND "synced_at" IS NOT NULL
