"""Generate any number of inspections inside the database, for measurements and tests.

Everything is derived from the number of a part, so the same call gives the same records. Hashes of
pictures, maps and reports are made up, and there are no files.

About three parts in a hundred are bad, and the scores of good and bad parts overlap. Persons decide
on nearly all stopped parts and on most audited ones, and are mostly right.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from duckdb import DuckDBPyConnection

from core import __version__
from core.domain import Product
from core.records.products import save_product
from core.records.standing import DRAWN_BITS
from core.records.store.database import Database

BATCH = 100_000
SECONDS_A_PART = 20
PARTS_A_LOT = 200
PRODUCTS = ("line/bracket", "line/housing", "line/lens", "line/plate", "line/seal")
# One part in a hundred is inspected again this many parts later, when its product runs again.
CYCLE = PARTS_A_LOT * len(PRODUCTS)
# Nobody has decided on the last parts: they form the queue.
UNDECIDED_SHARE = 0.05
VERSION = "20260101-080000-000000"
END = datetime(2026, 11, 1, tzinfo=UTC)

# u: uniform in [0, 1), the same for the same part and salt; z: standard normal (Box and Muller).
MACROS = (
    "CREATE OR REPLACE TEMP MACRO u(k, salt) AS hash(salt || k) / 18446744073709551616.0",
    "CREATE OR REPLACE TEMP MACRO z(k, salt) AS "
    "sqrt(-2 * ln(u(k, salt) + 1e-12)) * cos(2 * pi() * u(k, salt || '2'))",
    "CREATE OR REPLACE TEMP MACRO pick(share, names) AS "
    "names[1 + least(floor(share * len(names))::INTEGER, len(names) - 1)]",
)

PARTS = """
CREATE OR REPLACE TEMP TABLE parts AS
WITH drawn AS (
    SELECT k, ?::TIMESTAMP + to_microseconds(k * ?) AS created_at,
        k // $LOT AS lot_number,
        $PRODUCTS[1 + (k // $LOT) % len($PRODUCTS)] AS product_key,
        u(k, 'bad') < 0.03 AS is_bad,
        k >= ? AS is_undecided
    FROM range(?, ?) parts(k)
),
scored AS (
    SELECT *, strftime(created_at, '%Y%m%d-%H%M%S') || '-' || left(md5(k::VARCHAR), 6) AS id,
        greatest(0.01, CASE WHEN is_bad THEN 1.6 + 0.35 * z(k, 'score')
                            ELSE 0.6 + 0.17 * z(k, 'score') END) AS score
    FROM drawn
),
judged AS (
    SELECT *,
        CASE WHEN score < 1.0 THEN 'PASS' WHEN score < 1.3 THEN 'REVIEW' ELSE 'FAIL' END AS verdict,
        ('0x' || sha256(id)[:$HEX])::UBIGINT / (1::UBIGINT << $BITS) < ? AS is_low
    FROM scored
)
SELECT *,
    verdict = 'PASS' AND is_low AS is_audited,
    CASE WHEN verdict <> 'PASS' OR u(k, 'faint') < 0.01 THEN 1 + floor(2.2 * u(k, 'n'))::INTEGER
         ELSE 0 END AS defect_count,
    pick(u(k, 'type') ** 2, ['scratch', 'dent', 'crack', 'stain', 'missing_part']) AS ranked,
    pick(u(k, 'said'), ['scratch', 'dent', 'crack', 'stain', 'missing_part']) AS said,
    verdict <> 'PASS' AND u(k, 'model') < 0.5 AS by_model,
    verdict <> 'PASS' AND u(k, 'edited') < 0.3 AS is_edited,
    CASE WHEN is_undecided OR (verdict = 'PASS' AND NOT is_audited AND u(k, 'found') > 0.0005)
              OR u(k, 'decided') > 0.95 THEN NULL
         WHEN is_bad <> (u(k, 'wrong') < 0.03)
         THEN pick(u(k, 'how'), ['scrap', 'rework', 'rework', 'repair', 'return to supplier'])
         ELSE pick(u(k, 'how'), ['void (false alarm)', 'void (false alarm)', 'use as is'])
    END AS disposition,
    CASE WHEN k >= $CYCLE AND u(k, 'again') < 0.01 AND u(k - $CYCLE, 'again') >= 0.01
         THEN k - $CYCLE ELSE k END AS serial_number,
    'Inspector ' || (1 + floor(12 * u(k, 'who'))::INTEGER) AS inspector
FROM judged
"""

INSPECTIONS = """
INSERT INTO inspections BY NAME
SELECT id, created_at, '$PROGRAM' AS program_version, product_key,
    'L-' || lot_number AS lot, 'SN-' || serial_number AS serial, 'ST-' || (1 + k % 4) AS station,
    inspector, verdict, score, 1.0 AS t_low, 1.3 AS t_high, 1.0 AS map_t_low, 1.3 AS map_t_high,
    false AS is_unlike, round(100 * least(score, 0.99), 1) AS percentile,
    'part_' || k || '.png' AS filename, sha256('picture' || k) AS image_sha256,
    sha256('map' || k) AS map_sha256, 'patchcore' AS algorithm,
    '$VERSION' AS version, 'efficientnet_lite0' AS backbone,
    json_object('dataset', split_part(product_key, '/', 1),
        'category', split_part(product_key, '/', 2), 'mm_per_px', 0.1) AS product,
    json_object('sha256', sha256('picture' || k), 'filename', 'part_' || k || '.png',
        'format', 'PNG', 'width', 1600, 'height', 1200, 'bit_depth', 8, 'size_bytes', 1000000,
        'notices', []::VARCHAR[]) AS image,
    json_object('requested', 0.05, 'confidence', 0.95, 'held_out', 60, 'guaranteed', 0.0487,
        'is_estimate', false) AS false_alarm,
    to_json(list_transform(
        [{'n': 'check', 's': 0.02}, {'n': 'detect', 's': 0.11}, {'n': 'measure', 's': 0.01},
         {'n': 'exemplars', 's': 0.09}, {'n': 'knowledge', 's': 0.05}, {'n': 'store', 's': 0.02},
         {'n': 'report', 's': CASE WHEN by_model THEN 4.0 ELSE 0.003 END}],
        lambda step: {'name': step.n, 'seconds': round(step.s * exp(0.3 * z(k, step.n)), 6),
            'status': 'ok', 'reason': ''})) AS steps,
    to_json(list_transform(range(1, defect_count + 1),
        lambda d: {'defect_id': 'D' || d, 'defect_type': ranked, 'rank': 1,
            'text_similarity': 0.4})) AS defect_types,
    1600 AS width, 1200 AS height, defect_count, is_audited, disposition,
    CASE WHEN defect_count = 0 THEN '' WHEN is_edited THEN said ELSE ranked END AS defect_type,
    is_edited AND defect_count > 0 AS is_type_confirmed,
    serial_number = k AS is_first,
    CASE WHEN disposition IS NOT NULL THEN $REASON END AS reason,
    CASE WHEN disposition IS NOT NULL THEN created_at + INTERVAL 1 HOUR END AS decided_at,
    lower(concat_ws(chr(31), filename, lot, serial, id, inspector, defect_type,
        coalesce(reason, ''), $SUMMARY)) AS searched
FROM parts ORDER BY k
"""

DEFECTS = """
INSERT INTO defects BY NAME
SELECT id AS inspection_id, d AS position, 'D' || (d + 1) AS id,
    pick(u(k, 'sev'), ['critical', 'major', 'minor']) AS severity, 'top left' AS region,
    200 AS area_px, 0.01 + 2 * u(k * 9 + d, 'area') AS area_percent, NULL AS area_mm2,
    1599 * least(greatest(0.3 + 0.12 * z(k * 9 + d, 'x'), 0), 1) AS centroid_x,
    1199 * u(k * 9 + d, 'y') AS centroid_y, score AS peak, 0.9 * score AS mean,
    '{"box": {"x": 10, "y": 20, "width": 20, "height": 10}, "contour": [[10, 20], [29, 29]],
      "elongation": 2.0, "orientation_deg": 0.0}' AS shape
FROM (SELECT *, unnest(range(defect_count)) AS d FROM parts) ORDER BY k, d
"""

EVIDENCE = """
INSERT INTO evidence BY NAME
SELECT id AS inspection_id, 'exemplar' AS kind, 0 AS position,
    sha256('normal' || (k % 200)) AS reference, 0.93 AS similarity,
    json_object('sha256', reference, 'filename', 'normal_' || (k % 200) || '.png',
        'similarity', 0.93) AS content
FROM parts WHERE verdict <> 'PASS' ORDER BY k
"""

# Every part has a draft, some by a model, and some parts have a revision that a person edited.
REVISIONS = """
INSERT INTO revisions BY NAME
SELECT id AS inspection_id, 1 AS number, 'drafted' AS kind,
    CASE WHEN by_model THEN 'gpt-4o-mini' ELSE 'offline' END AS author, created_at,
    '$PROGRAM' AS program_version, sha256(id) AS sha256, $REPORT AS report,
    to_json([]::VARCHAR[]) AS remarks, 0 AS violations,
    author AS writer,
    CASE WHEN by_model THEN 'gpt-4o-mini-2024-07-18' ELSE '' END AS model,
    by_model AND u(k, 'cache') < 0.05 AS from_cache,
    CASE WHEN by_model THEN 1500 + (800 * u(k, 'in'))::BIGINT END AS input_tokens,
    CASE WHEN by_model THEN 250 + (200 * u(k, 'out'))::BIGINT END AS output_tokens,
    CASE WHEN NOT by_model THEN NULL WHEN from_cache THEN 0.0
         ELSE round(input_tokens * 1.5e-7 + output_tokens * 6e-7, 8) END AS cost_usd,
    json_object('writer', author, 'model', model, 'outcome', 'written', 'reason', '',
        'prompt_version', 1, 'prompt_sha256', sha256(id), 'pictures', 0, 'attempts',
        CASE WHEN by_model AND NOT from_cache THEN 1 ELSE 0 END, 'input_tokens', input_tokens,
        'output_tokens', output_tokens, 'cost_usd', cost_usd, 'seconds', 4.0,
        'from_cache', from_cache) AS writing
FROM parts
UNION ALL BY NAME
SELECT id AS inspection_id, 2 AS number, 'edited' AS kind, inspector AS author,
    created_at + INTERVAL 30 MINUTE AS created_at, '$PROGRAM' AS program_version,
    sha256(id || '2') AS sha256, $REPORT AS report
FROM parts WHERE is_edited
"""

REPORT = """json_object('schema_version', 2, 'language', 'en', 'summary', $SUMMARY,
    'findings', CASE WHEN is_edited THEN [{'defect_ids': ['D1'], 'observation': 'A dark line.',
        'probable_defect_type': said}] ELSE [] END)"""

# As long as the composer's, so that a search reads as much text as in real records.
SUMMARY = """CASE WHEN defect_count = 0 THEN
    'No region of this ' || product_key || ' part reaches the review threshold of 1.000 (score ' ||
    round(score, 3) || ', above ' || round(100 * least(score, 0.99), 1) || ' % of held-out ' ||
    'normals). At most 4.87% of good parts are stopped (95% confidence, from 60 held-out normal ' ||
    'parts).'
    ELSE defect_count || ' regions deviate from the normal ' || product_key || ' parts; the ' ||
    'strongest, D1, is a ' || ranked || ' of ' || round(0.01 + 2 * u(k, 'area'), 2) || ' % at ' ||
    'the top left. The fail threshold is 1.300 (score ' || round(score, 3) || '). Hold the part ' ||
    'and decide on its disposition; check tool ' || left(md5((k * 7)::VARCHAR), 8) || '.' END"""

REASON = "'Seen under the microscope, sheet ' || k"

DISPOSITIONS = """
INSERT INTO dispositions BY NAME
SELECT id AS inspection_id, 1 AS number, disposition, $REASON AS reason, inspector AS decided_by,
    created_at + INTERVAL 1 HOUR AS decided_at
FROM parts WHERE disposition IS NOT NULL ORDER BY k
"""

KNOWN_TYPES = """
INSERT OR IGNORE INTO known_types
SELECT DISTINCT product_key, ranked FROM parts WHERE defect_count > 0
"""


def generate(records: Database, entries: int, audit_share: float) -> None:
    """Add inspections 0 ... entries - 1, the last one shortly before 1 November 2026.

    Args:
        records: without inspections.
        entries: how many.
        audit_share: share of passed parts drawn for an audit.
    """
    for key in PRODUCTS:
        save_product(records, Product.from_key(key, 0.1))
    for start in range(0, entries, BATCH):
        with records.transaction() as cursor:
            _batch(cursor, start, min(start + BATCH, entries), entries, audit_share)


def _batch(
    cursor: DuckDBPyConnection, start: int, stop: int, entries: int, audit_share: float
) -> None:
    first = END - timedelta(seconds=SECONDS_A_PART * entries)
    for macro in MACROS:
        cursor.execute(macro)
    cursor.execute(
        _with_parts(PARTS),
        [
            first.replace(tzinfo=None),
            SECONDS_A_PART * 1_000_000,
            round(entries * (1 - UNDECIDED_SHARE)),
            start,
            stop,
            audit_share,
        ],
    )
    for table in (INSPECTIONS, DEFECTS, EVIDENCE, REVISIONS, DISPOSITIONS, KNOWN_TYPES):
        cursor.execute(_with_parts(table))


def _with_parts(query: str) -> str:
    for name, text in (
        ("$REPORT", REPORT),
        ("$SUMMARY", SUMMARY),
        ("$REASON", REASON),
        ("$PRODUCTS", str(list(PRODUCTS))),
        ("$VERSION", VERSION),
        ("$PROGRAM", __version__),
        ("$CYCLE", str(CYCLE)),
        ("$LOT", str(PARTS_A_LOT)),
        ("$HEX", str(DRAWN_BITS // 4)),
        ("$BITS", str(DRAWN_BITS)),
    ):
        query = query.replace(name, text)
    return query
