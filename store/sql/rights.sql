-- role: whether there is such a role, and why rights would not bind it
SELECT
    known.rolsuper AS is_superuser,
    EXISTS (
        SELECT FROM pg_class AS owned
        WHERE owned.oid = 'case_event'::regclass AND pg_has_role(known.oid, owned.relowner, 'MEMBER')
    ) AS is_owner
FROM pg_roles AS known
WHERE known.rolname = :role;

-- statements: what takes a role's rights away and gives it the ones it needs; names are quoted
SELECT format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), :role::text) AS statement, 0 AS place
UNION ALL
SELECT format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), :role::text), 1
UNION ALL
SELECT format('GRANT %s ON %I.%I TO %I', given.rights, current_schema(), given.table_name, :role::text), 2
FROM unnest(:tables::text[], :rights::text[]) AS given (table_name, rights)
ORDER BY place;
