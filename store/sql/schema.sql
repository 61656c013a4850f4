-- lock: keep other migrators waiting until this transaction ends
SELECT pg_advisory_xact_lock(:key);

-- limit_waiting: give up rather than stand before everybody else in the queue for a table that is in use
SELECT set_config('lock_timeout', :duration, true);

-- make_table: where the applied migrations are written down
CREATE TABLE IF NOT EXISTS schema_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     bytea NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- has_table: whether anything was ever migrated here
SELECT to_regclass('schema_migration') IS NOT NULL;

-- applied: the migrations that this database has seen
SELECT version, name, sha256 FROM schema_migration ORDER BY version;

-- write_down: one migration is done
INSERT INTO schema_migration (version, name, sha256) VALUES (:version, :name, :sha256);
