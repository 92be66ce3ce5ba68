"""State the whole schema of version 0.1.0, subject by subject.

Times are plain TIMESTAMPs in UTC: DuckDB's own time zones need an extension from the net.
What lists and charts read stands in columns: a million JSON texts take many seconds to read, the
same facts in columns milliseconds.
"""

from __future__ import annotations

PRODUCTS = """
CREATE TABLE products (
    key VARCHAR PRIMARY KEY,
    dataset VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    mm_per_px DOUBLE
);

-- The defect types that inspections of a product have ranked or found knowledge of.
CREATE TABLE known_types (
    product_key VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    PRIMARY KEY (product_key, name)
);

-- Labelled pictures of bad parts, and what versions of the detector say of known ones.
CREATE TABLE known_defects (
    product_key VARCHAR NOT NULL,
    image_sha256 VARCHAR NOT NULL,
    filename VARCHAR NOT NULL,
    labelled_by VARCHAR NOT NULL,
    labelled_at TIMESTAMP NOT NULL,
    PRIMARY KEY (product_key, image_sha256)
);
CREATE TABLE known_scores (
    product_key VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    image_sha256 VARCHAR NOT NULL,
    score DOUBLE NOT NULL,
    PRIMARY KEY (product_key, version, image_sha256)
);
"""

INSPECTIONS = """
CREATE TABLE inspections (
    id VARCHAR PRIMARY KEY,
    created_at TIMESTAMP NOT NULL,
    program_version VARCHAR NOT NULL,
    product_key VARCHAR NOT NULL,
    product JSON NOT NULL,
    lot VARCHAR NOT NULL,
    serial VARCHAR NOT NULL,
    station VARCHAR NOT NULL,
    inspector VARCHAR NOT NULL,
    filename VARCHAR NOT NULL,
    image_sha256 VARCHAR NOT NULL,
    image JSON NOT NULL,
    map_sha256 VARCHAR NOT NULL,
    algorithm VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    backbone VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    score DOUBLE NOT NULL,
    t_low DOUBLE NOT NULL,
    t_high DOUBLE NOT NULL,
    map_t_low DOUBLE NOT NULL,
    map_t_high DOUBLE NOT NULL,
    is_unlike BOOLEAN NOT NULL,
    percentile DOUBLE NOT NULL,
    false_alarm JSON NOT NULL,
    likeness JSON,
    defect_types JSON NOT NULL,
    steps JSON NOT NULL,
    -- Where the inspection stands, see `core.records.standing`.
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    defect_count INTEGER NOT NULL,
    is_first BOOLEAN NOT NULL,
    is_audited BOOLEAN NOT NULL,
    defect_type VARCHAR NOT NULL DEFAULT '',
    disposition VARCHAR,
    reason VARCHAR,
    decided_at TIMESTAMP,
    searched VARCHAR NOT NULL DEFAULT ''
);
CREATE TABLE defects (
    inspection_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    id VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    area_px BIGINT NOT NULL,
    area_percent DOUBLE NOT NULL,
    area_mm2 DOUBLE,
    centroid_x DOUBLE NOT NULL,
    centroid_y DOUBLE NOT NULL,
    peak DOUBLE NOT NULL,
    mean DOUBLE NOT NULL,
    shape JSON NOT NULL,
    PRIMARY KEY (inspection_id, position)
);

-- Exemplars, comparisons with the nearest one, and snippets of knowledge.
CREATE TABLE evidence (
    inspection_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    reference VARCHAR NOT NULL,
    similarity DOUBLE NOT NULL,
    content JSON NOT NULL,
    PRIMARY KEY (inspection_id, kind, position)
);
CREATE TABLE dispositions (
    inspection_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    disposition VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    decided_by VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL,
    PRIMARY KEY (inspection_id, number)
);
"""

REPORTS = """
CREATE TABLE revisions (
    inspection_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    program_version VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    report JSON NOT NULL,
    remarks JSON,
    violations INTEGER,
    writing JSON,
    writer VARCHAR,
    model VARCHAR,
    from_cache BOOLEAN,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cost_usd DOUBLE,
    PRIMARY KEY (inspection_id, number)
);

-- Answers of report writers, by the hash of all that they were asked.
CREATE TABLE answers (
    question_sha256 VARCHAR PRIMARY KEY,
    created_at TIMESTAMP NOT NULL,
    report JSON NOT NULL,
    writing JSON NOT NULL
);
"""

# Detectors and writers that ran side by side on one picture, and which one was chosen.
CONTESTS = """
CREATE TABLE side_by_sides (
    id VARCHAR PRIMARY KEY,
    created_at TIMESTAMP NOT NULL,
    product_key VARCHAR NOT NULL,
    image_sha256 VARCHAR NOT NULL,
    inspection_id VARCHAR,
    chosen INTEGER,
    chosen_by VARCHAR NOT NULL DEFAULT '',
    chosen_at TIMESTAMP
);
CREATE TABLE side_by_side_columns (
    side_by_side_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    detector VARCHAR NOT NULL,
    writer VARCHAR NOT NULL,
    content JSON NOT NULL,
    PRIMARY KEY (side_by_side_id, position)
);
"""

EVENTS = """
CREATE SEQUENCE event_numbers;
CREATE TABLE events (
    number BIGINT PRIMARY KEY DEFAULT nextval('event_numbers'),
    happened_at TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    detail JSON NOT NULL
);
"""

# Long work in the background, queued, running and ended.
JOBS = """
CREATE SEQUENCE job_numbers;
CREATE TABLE jobs (
    number BIGINT DEFAULT nextval('job_numbers'),
    id VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    who VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    queued_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    state VARCHAR NOT NULL,
    is_stopping BOOLEAN NOT NULL DEFAULT false,
    step VARCHAR NOT NULL DEFAULT '',
    step_started_at TIMESTAMP,
    done_at_start DOUBLE NOT NULL DEFAULT 0,
    done DOUBLE NOT NULL DEFAULT 0,
    total DOUBLE NOT NULL DEFAULT 1,
    reported_at TIMESTAMP,
    arguments JSON NOT NULL,
    result JSON NOT NULL DEFAULT '{}',
    error VARCHAR NOT NULL DEFAULT ''
);
"""

# Settings that were changed in the console.
PREFERENCES = """
CREATE TABLE preferences (
    name VARCHAR PRIMARY KEY,
    value JSON NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    changed_by VARCHAR NOT NULL
);
"""

SCHEMA = (PRODUCTS, INSPECTIONS, REPORTS, CONTESTS, EVENTS, JOBS, PREFERENCES)
