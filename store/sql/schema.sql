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

-- add_oldest: how far a version must know the schema at least to work with what a migration leaves; none: as far as that
ALTER TABLE schema_migration ADD COLUMN IF NOT EXISTS oldest integer;

-- has_table: whether anything was ever migrated here
SELECT to_regclass('schema_migration') IS NOT NULL;

-- applied: the migrations that this database has seen, also where it was last migrated before there was "oldest"
SELECT version, name, sha256, (to_jsonb(schema_migration) ->> 'oldest')::integer AS oldest
FROM schema_migration
ORDER BY version;

-- write_down: one migration is done
INSERT INTO schema_migration (version, name, sha256, oldest) VALUES (:version, :name, :sha256, :oldest);
