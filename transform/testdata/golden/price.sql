-- stripe.price: rows of prices from price objects
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
      /* 3 */ '$.livemode',
      /* 4 */ '$.active',
      /* 5 */ '$.type',
      /* 6 */ '$.product.id',
      /* 7 */ '$.product',
      /* 8 */ '$.nickname',
      /* 9 */ '$.lookup_key',
      /* 10 */ '$.currency',
      /* 11 */ '$.unit_amount',
      /* 12 */ '$.unit_amount_decimal',
      /* 13 */ '$.billing_scheme',
      /* 14 */ '$.tiers_mode',
      /* 15 */ '$.tiers',
      /* 16 */ '$.currency_options',
      /* 17 */ '$.custom_unit_amount',
      /* 18 */ '$.custom_unit_amount.minimum',
      /* 19 */ '$.custom_unit_amount.maximum',
      /* 20 */ '$.custom_unit_amount.preset',
      /* 21 */ '$.recurring',
      /* 22 */ '$.recurring.interval',
      /* 23 */ '$.recurring.interval_count',
      /* 24 */ '$.recurring.usage_type',
      /* 25 */ '$.recurring.aggregate_usage',
      /* 26 */ '$.recurring.meter',
      /* 27 */ '$.recurring.trial_period_days',
      /* 28 */ '$.transform_quantity',
      /* 29 */ '$.transform_quantity.divide_by',
      /* 30 */ '$.transform_quantity.round',
      /* 31 */ '$.tax_behavior',
      /* 32 */ '$.metadata'
    ]) AS object_found,
    json_extract(raw.digits, [
      /* 1 */ '$.unit_amount_decimal',
      /* 2 */ '$.tiers',
      /* 3 */ '$.metadata'
    ]) AS digits_found
  FROM source AS raw
  WHERE json_type(raw.object) = 'OBJECT' AND raw.id <> '' AND NOT starts_with(raw.id, 'noid:')
), sent AS (
  -- each source path; a value of another type is null
  SELECT raw.*,
    CASE json_type(object_found[1]) WHEN 'VARCHAR' THEN object_found[1] ->> '$' END AS "$.id",
    CASE WHEN json_type(object_found[2]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[2] ->> '$' AS BIGINT) END AS "$.created",
    CASE json_type(object_found[3]) WHEN 'BOOLEAN' THEN (object_found[3] ->> '$')::BOOLEAN END AS "$.livemode",
    CASE json_type(object_found[4]) WHEN 'BOOLEAN' THEN (object_found[4] ->> '$')::BOOLEAN END AS "$.active",
    CASE json_type(object_found[5]) WHEN 'VARCHAR' THEN object_found[5] ->> '$' END AS "$.type",
    CASE 'VARCHAR' WHEN json_type(object_found[7]) THEN object_found[7] ->> '$' WHEN json_type(object_found[6]) THEN object_found[6] ->> '$' END AS "ref($.product)",
    CASE json_type(object_found[8]) WHEN 'VARCHAR' THEN object_found[8] ->> '$' END AS "$.nickname",
    CASE json_type(object_found[9]) WHEN 'VARCHAR' THEN object_found[9] ->> '$' END AS "$.lookup_key",
    CASE json_type(object_found[10]) WHEN 'VARCHAR' THEN object_found[10] ->> '$' END AS "$.currency",
    CASE WHEN json_type(object_found[11]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[11] ->> '$' AS BIGINT) END AS "$.unit_amount",
    CASE WHEN json_type(digits_found[1]) IN ('VARCHAR', 'BOOLEAN') THEN digits_found[1] ->> '$' END AS "text($.unit_amount_decimal)",
    CASE json_type(object_found[13]) WHEN 'VARCHAR' THEN object_found[13] ->> '$' END AS "$.billing_scheme",
    CASE json_type(object_found[14]) WHEN 'VARCHAR' THEN object_found[14] ->> '$' END AS "$.tiers_mode",
    CASE WHEN json_type(object_found[16]) <> 'NULL' THEN object_found[16] -> '$' END AS "json($.currency_options)",
    CASE WHEN json_type(object_found[18]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[18] ->> '$' AS BIGINT) END AS "$.custom_unit_amount.minimum",
    CASE WHEN json_type(object_found[19]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[19] ->> '$' AS BIGINT) END AS "$.custom_unit_amount.maximum",
    CASE WHEN json_type(object_found[20]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[20] ->> '$' AS BIGINT) END AS "$.custom_unit_amount.preset",
    CASE json_type(object_found[22]) WHEN 'VARCHAR' THEN object_found[22] ->> '$' END AS "$.recurring.interval",
    CASE WHEN json_type(object_found[23]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[23] ->> '$' AS BIGINT) END AS "$.recurring.interval_count",
    CASE json_type(object_found[24]) WHEN 'VARCHAR' THEN object_found[24] ->> '$' END AS "$.recurring.usage_type",
    CASE json_type(object_found[25]) WHEN 'VARCHAR' THEN object_found[25] ->> '$' END AS "$.recurring.aggregate_usage",
    CASE json_type(object_found[26]) WHEN 'VARCHAR' THEN object_found[26] ->> '$' END AS "$.recurring.meter",
    CASE WHEN json_type(object_found[27]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[27] ->> '$' AS BIGINT) END AS "$.recurring.trial_period_days",
    CASE WHEN json_type(object_found[29]) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(object_found[29] ->> '$' AS BIGINT) END AS "$.transform_quantity.divide_by",
    CASE json_type(object_found[30]) WHEN 'VARCHAR' THEN object_found[30] ->> '$' END AS "$.transform_quantity.round",
    CASE json_type(object_found[31]) WHEN 'VARCHAR' THEN object_found[31] ->> '$' END AS "$.tax_behavior"
  FROM found AS raw
), made AS (
  SELECT
    raw.account AS "account",
    "$.id" AS "id",
    make_timestamp(CASE WHEN "$.created" BETWEEN -62135596800 AND 253402300799 THEN "$.created" * 1000000 END) AS "created",
    "$.livemode" AS "livemode",
    "$.active" AS "active",
    "$.type" AS "type",
    "ref($.product)" AS "product_id",
    "$.nickname" AS "nickname",
    "$.lookup_key" AS "lookup_key",
    upper("$.currency") AS "currency",
    CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST("$.unit_amount" * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) WHEN "$.unit_amount" = 0 AND "$.currency" IS NULL AND (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS NOT TRUE THEN 0.000 END AS "unit_amount",
    "$.unit_amount" AS "unit_amount_minor",
    TRY_CAST(regexp_extract("text($.unit_amount_decimal)", '^-?(0|[1-9][0-9]*)(\.[0-9]{1,12}0*)?([eE][+-]?[0-9]+)?$') AS DECIMAL(38,12)) AS "unit_amount_decimal",
    "$.billing_scheme" AS "billing_scheme",
    "$.tiers_mode" AS "tiers_mode",
    CASE WHEN json_type(object_found[15]) = 'ARRAY' THEN list_transform(json_extract(object_found[15], '$[*]'), lambda element, i: CASE WHEN json_type(element) = 'OBJECT' THEN {
      'up_to': CASE WHEN json_type(element, '$.up_to') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.up_to' AS BIGINT) END,
      'unit_amount': CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST(CASE WHEN json_type(element, '$.unit_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.unit_amount' AS BIGINT) END * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) WHEN CASE WHEN json_type(element, '$.unit_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.unit_amount' AS BIGINT) END = 0 AND "$.currency" IS NULL AND (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS NOT TRUE THEN 0.000 END,
      'unit_amount_minor': CASE WHEN json_type(element, '$.unit_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.unit_amount' AS BIGINT) END,
      'unit_amount_decimal': TRY_CAST(regexp_extract(CASE WHEN json_type(json_extract(digits_found[2], '$[*]')[i], '$.unit_amount_decimal') IN ('VARCHAR', 'BOOLEAN') THEN json_extract(digits_found[2], '$[*]')[i] ->> '$.unit_amount_decimal' END, '^-?(0|[1-9][0-9]*)(\.[0-9]{1,12}0*)?([eE][+-]?[0-9]+)?$') AS DECIMAL(38,12)),
      'flat_amount': CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST(CASE WHEN json_type(element, '$.flat_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount' AS BIGINT) END * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) WHEN CASE WHEN json_type(element, '$.flat_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount' AS BIGINT) END = 0 AND "$.currency" IS NULL AND (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS NOT TRUE THEN 0.000 END,
      'flat_amount_minor': CASE WHEN json_type(element, '$.flat_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount' AS BIGINT) END,
      'flat_amount_decimal': TRY_CAST(regexp_extract(CASE WHEN json_type(json_extract(digits_found[2], '$[*]')[i], '$.flat_amount_decimal') IN ('VARCHAR', 'BOOLEAN') THEN json_extract(digits_found[2], '$[*]')[i] ->> '$.flat_amount_decimal' END, '^-?(0|[1-9][0-9]*)(\.[0-9]{1,12}0*)?([eE][+-]?[0-9]+)?$') AS DECIMAL(38,12))} END) END AS "tiers",
    "json($.currency_options)" AS "currency_options",
    CASE WHEN (json_type(object_found[17]) = 'OBJECT' OR (object_found[17] -> '$')::VARCHAR = '[]') THEN {
      'minimum': CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST("$.custom_unit_amount.minimum" * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) WHEN "$.custom_unit_amount.minimum" = 0 AND "$.currency" IS NULL AND (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS NOT TRUE THEN 0.000 END,
      'minimum_minor': "$.custom_unit_amount.minimum",
      'maximum': CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST("$.custom_unit_amount.maximum" * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) WHEN "$.custom_unit_amount.maximum" = 0 AND "$.currency" IS NULL AND (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS NOT TRUE THEN 0.000 END,
      'maximum_minor': "$.custom_unit_amount.maximum",
      'preset': CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST("$.custom_unit_amount.preset" * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) WHEN "$.custom_unit_amount.preset" = 0 AND "$.currency" IS NULL AND (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS NOT TRUE THEN 0.000 END,
      'preset_minor': "$.custom_unit_amount.preset"} END AS "custom_unit_amount",
    CASE WHEN (json_type(object_found[21]) = 'OBJECT' OR (object_found[21] -> '$')::VARCHAR = '[]') THEN {
      'interval': "$.recurring.interval",
      'interval_count': TRY_CAST("$.recurring.interval_count" AS SMALLINT),
      'usage_type': "$.recurring.usage_type",
      'aggregate_usage': "$.recurring.aggregate_usage",
      'meter_id': "$.recurring.meter",
      'trial_period_days': TRY_CAST("$.recurring.trial_period_days" AS INTEGER)} END AS "recurring",
    CASE WHEN (json_type(object_found[28]) = 'OBJECT' OR (object_found[28] -> '$')::VARCHAR = '[]') THEN {
      'divide_by': "$.transform_quantity.divide_by",
      'round': "$.transform_quantity.round"} END AS "transform_quantity",
    "$.tax_behavior" AS "tax_behavior",
    CASE WHEN (json_type(object_found[32]) = 'OBJECT' OR (object_found[32] -> '$')::VARCHAR = '[]') THEN map(json_keys(object_found[32]), list_transform(json_extract(object_found[32], '$.*'), lambda value, n: CASE WHEN json_type(value) IN ('OBJECT', 'ARRAY') THEN value::VARCHAR ELSE json_extract(digits_found[3], '$.*')[n] ->> '$' END)) END AS "metadata",
    raw.observed_at AS "synced_at",
    false AS "deleted",
    NULL::TIMESTAMP AS "deleted_seen_at",
    raw.id AS "_source_id",
    raw.seq::BIGINT AS "_seq"
  FROM sent AS raw
  WHERE ((json_type(object_found[11]) <> 'NULL' AND "$.unit_amount" IS NULL) OR ("$.unit_amount" IS NOT NULL AND CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST("$.unit_amount" * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) IS NULL WHEN "$.currency" IS NULL THEN "$.unit_amount" <> 0 OR (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS TRUE END)) IS NOT TRUE -- unit_amount can be read
    AND list_bool_or(list_transform(json_extract(object_found[15], '$[*]'), lambda element, i: json_type(element) = 'OBJECT' AND (((json_type(element, '$.unit_amount') <> 'NULL' AND CASE WHEN json_type(element, '$.unit_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.unit_amount' AS BIGINT) END IS NULL) OR (CASE WHEN json_type(element, '$.unit_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.unit_amount' AS BIGINT) END IS NOT NULL AND CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST(CASE WHEN json_type(element, '$.unit_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.unit_amount' AS BIGINT) END * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) IS NULL WHEN "$.currency" IS NULL THEN CASE WHEN json_type(element, '$.unit_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.unit_amount' AS BIGINT) END <> 0 OR (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS TRUE END)) OR ((json_type(element, '$.flat_amount') <> 'NULL' AND CASE WHEN json_type(element, '$.flat_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount' AS BIGINT) END IS NULL) OR (CASE WHEN json_type(element, '$.flat_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount' AS BIGINT) END IS NOT NULL AND CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST(CASE WHEN json_type(element, '$.flat_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount' AS BIGINT) END * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) IS NULL WHEN "$.currency" IS NULL THEN CASE WHEN json_type(element, '$.flat_amount') IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(element ->> '$.flat_amount' AS BIGINT) END <> 0 OR (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS TRUE END))))) IS NOT TRUE -- tiers can be read
    AND ((json_type(object_found[17]) = 'OBJECT' OR (object_found[17] -> '$')::VARCHAR = '[]') AND (((json_type(object_found[18]) <> 'NULL' AND "$.custom_unit_amount.minimum" IS NULL) OR ("$.custom_unit_amount.minimum" IS NOT NULL AND CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST("$.custom_unit_amount.minimum" * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) IS NULL WHEN "$.currency" IS NULL THEN "$.custom_unit_amount.minimum" <> 0 OR (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS TRUE END)) OR ((json_type(object_found[19]) <> 'NULL' AND "$.custom_unit_amount.maximum" IS NULL) OR ("$.custom_unit_amount.maximum" IS NOT NULL AND CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST("$.custom_unit_amount.maximum" * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) IS NULL WHEN "$.currency" IS NULL THEN "$.custom_unit_amount.maximum" <> 0 OR (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS TRUE END)) OR ((json_type(object_found[20]) <> 'NULL' AND "$.custom_unit_amount.preset" IS NULL) OR ("$.custom_unit_amount.preset" IS NOT NULL AND CASE WHEN regexp_full_match("$.currency", '[A-Za-z]{3}') THEN TRY_CAST("$.custom_unit_amount.preset" * CASE WHEN lower("$.currency") IN ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1.000 WHEN lower("$.currency") IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 0.001 ELSE 0.010 END AS DECIMAL(18,3)) IS NULL WHEN "$.currency" IS NULL THEN "$.custom_unit_amount.preset" <> 0 OR (json_type(object_found[10]) <> 'NULL' AND "$.currency" IS NULL) IS TRUE END)))) IS NOT TRUE -- custom_unit_amount can be read
)
SELECT * FROM made
WHERE "id" IS NOT NULL
  AND "created" IS NOT NULL
  AND "synced_at" IS NOT NULL
