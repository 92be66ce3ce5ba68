"""The step that gives inspections the columns that lists and charts read, instead of JSON.

A million JSON texts take many seconds to read; the same facts in columns take milliseconds.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

# Share of passed parts that was drawn for an audit among those on record before this step.
AUDIT_SHARE_BEFORE = 0.02


def add_standing(connection: DuckDBPyConnection) -> None:
    """Where each inspection stands, in columns; filled for those on record from what is there."""
    for column in (
        "width INTEGER",
        "height INTEGER",
        "defect_count INTEGER DEFAULT 0",
        "defect_type VARCHAR DEFAULT ''",
        "is_first BOOLEAN DEFAULT true",
        "is_audited BOOLEAN DEFAULT false",
        "disposition VARCHAR",
        "reason VARCHAR",
        "decided_at TIMESTAMP",
        "searched VARCHAR DEFAULT ''",
    ):
        connection.execute(f"ALTER TABLE inspections ADD COLUMN {column}")
    _add_known_types(connection)
    _fill_facts(connection)
    _fill_defect_types(connection)
    _fill_decisions(connection)
    _fill_searched(connection)


def add_costs(connection: DuckDBPyConnection) -> None:
    """What each draft took, in columns."""
    for column in (
        "writer VARCHAR",
        "model VARCHAR",
        "from_cache BOOLEAN",
        "input_tokens BIGINT",
        "output_tokens BIGINT",
        "cost_usd DOUBLE",
    ):
        connection.execute(f"ALTER TABLE revisions ADD COLUMN {column}")
    connection.execute(
        """
        UPDATE revisions SET
            writer = json_extract_string(writing, '$.writer'),
            model = json_extract_string(writing, '$.model'),
            from_cache = json_extract_string(writing, '$.from_cache')::BOOLEAN,
            input_tokens = json_extract_string(writing, '$.input_tokens')::BIGINT,
            output_tokens = json_extract_string(writing, '$.output_tokens')::BIGINT,
            cost_usd = json_extract_string(writing, '$.cost_usd')::DOUBLE
        WHERE writing IS NOT NULL
        """
    )


def _add_known_types(connection: DuckDBPyConnection) -> None:
    connection.execute(
        "CREATE TABLE known_types "
        "(product_key VARCHAR NOT NULL, name VARCHAR NOT NULL, PRIMARY KEY (product_key, name))"
    )
    connection.execute(
        """
        INSERT INTO known_types
        SELECT product_key, unnest(json_extract_string(defect_types, '$[*].defect_type')) AS name
        FROM inspections
        UNION
        SELECT product_key, json_extract_string(content, '$.defect_type')
        FROM evidence JOIN inspections ON inspections.id = inspection_id
        WHERE kind = 'snippet' AND json_extract_string(content, '$.defect_type') <> ''
        """
    )


def _fill_facts(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        UPDATE inspections SET
            width = json_extract_string(image, '$.width')::INTEGER,
            height = json_extract_string(image, '$.height')::INTEGER,
            is_audited = verdict = 'PASS'
                AND ('0x' || sha256(id)[:13])::UBIGINT / (1::UBIGINT << 52) < ?
        """,
        [AUDIT_SHARE_BEFORE],
    )
    connection.execute(
        """
        UPDATE inspections SET defect_count = counted.n
        FROM (SELECT inspection_id, count(*) AS n FROM defects GROUP BY ALL) AS counted
        WHERE counted.inspection_id = inspections.id
        """
    )
    connection.execute(
        """
        UPDATE inspections SET is_first = false
        FROM (
            SELECT id FROM inspections WHERE serial <> ''
            QUALIFY row_number()
                OVER (PARTITION BY product_key, serial ORDER BY created_at, id) > 1
        ) AS repeated
        WHERE repeated.id = inspections.id
        """
    )


def _fill_defect_types(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        WITH newest AS (
            SELECT inspection_id, arg_max(report, number) AS report
            FROM revisions WHERE kind <> 'drafted' GROUP BY ALL
        ),
        written AS (
            SELECT inspection_id, unnest(range(len(names))) AS place, unnest(names) AS name
            FROM (
                SELECT inspection_id,
                    json_extract_string(report, '$.findings[*].probable_defect_type') AS names
                FROM newest
            )
        ),
        named AS (
            SELECT inspection_id, arg_min(known_types.name, place) AS name
            FROM written
            JOIN inspections ON inspections.id = inspection_id
            JOIN known_types ON known_types.product_key = inspections.product_key
                AND known_types.name =
                    lower(regexp_replace(trim(written.name), '[\\s_-]+', '_', 'g'))
            GROUP BY ALL
        ),
        typed AS (
            SELECT id, coalesce(
                named.name, json_extract_string(defect_types, '$[0].defect_type'), 'not classified'
            ) AS name
            FROM inspections LEFT JOIN named ON named.inspection_id = id
            WHERE defect_count > 0
        )
        UPDATE inspections SET defect_type = typed.name FROM typed WHERE typed.id = inspections.id
        """
    )


def _fill_decisions(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        UPDATE inspections SET
            disposition = newest.disposition,
            reason = newest.reason,
            decided_at = newest.decided_at
        FROM (
            SELECT * FROM dispositions
            QUALIFY row_number() OVER (PARTITION BY inspection_id ORDER BY number DESC) = 1
        ) AS newest
        WHERE newest.inspection_id = inspections.id
        """
    )


def _fill_searched(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        UPDATE inspections SET searched = lower(nfc_normalize(concat_ws(
            chr(31), filename, lot, serial, id, inspector, defect_type, coalesce(reason, ''),
            summary
        )))
        FROM (
            SELECT id AS of_id,
                coalesce(arg_max(json_extract_string(report, '$.summary'), number), '') AS summary
            FROM inspections LEFT JOIN revisions ON inspection_id = id
            GROUP BY id
        )
        WHERE of_id = inspections.id
        """
    )
