-- People who sign in at the desk by the OIDC issuer have no key.

ALTER TABLE desk_session
    ADD COLUMN subject text,
    ADD CONSTRAINT desk_session_known_by_one CHECK (key_id IS NULL OR subject IS NULL);

COMMENT ON COLUMN desk_session.subject IS 'As whom the OIDC issuer knows the person; none: signed in by a key, or the operator of this machine';
