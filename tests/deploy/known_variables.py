"""Which variables the programs of other people's images know, each list with where it is from."""

from pydantic_settings import BaseSettings

from api.settings import ApiSettings
from guatu.settings import FROM_FILE
from worker.settings import WorkerSettings

TEMPORAL_SERVER = {
    # go.temporal.io/server v1.32.0, common/config/config_template_embedded.yaml and docker/scripts/sh/entrypoint.sh
    *("DB", "DB_PORT", "DBNAME", "VISIBILITY_DBNAME", "POSTGRES_SEEDS", "POSTGRES_USER", "POSTGRES_PWD"),
    *("SQL_TLS_ENABLED", "SQL_CA", "SQL_CERT", "SQL_CERT_KEY", "SQL_HOST_NAME", "SQL_HOST_VERIFICATION"),
    *("SQL_MAX_CONNS", "SQL_MAX_IDLE_CONNS", "SQL_VIS_MAX_CONNS", "NUM_HISTORY_SHARDS", "BIND_ON_IP"),
    *("TEMPORAL_BROADCAST_ADDRESS", "PROMETHEUS_ENDPOINT", "LOG_LEVEL", "DYNAMIC_CONFIG_FILE_PATH"),
    *("TEMPORAL_TLS_SERVER_CA_CERT", "TEMPORAL_TLS_SERVER_CERT", "TEMPORAL_TLS_SERVER_KEY"),
    *("TEMPORAL_TLS_FRONTEND_CERT", "TEMPORAL_TLS_FRONTEND_KEY", "TEMPORAL_TLS_REQUIRE_CLIENT_AUTH"),
    *("TEMPORAL_TLS_CLIENT1_CA_CERT", "TEMPORAL_AUTH_AUTHORIZER", "TEMPORAL_AUTH_CLAIM_MAPPER"),
}
TEMPORAL_UI = {
    # github.com/temporalio/ui-server/v2 v2.54.1, the configuration's template
    *("TEMPORAL_ADDRESS", "TEMPORAL_UI_PORT", "TEMPORAL_DEFAULT_NAMESPACE", "TEMPORAL_CODEC_ENDPOINT"),
    *("TEMPORAL_CODEC_PASS_ACCESS_TOKEN", "TEMPORAL_CODEC_INCLUDE_CREDENTIALS", "TEMPORAL_DISABLE_NEWS_FETCH"),
    *("TEMPORAL_AUTH_ENABLED", "TEMPORAL_AUTH_TYPE", "TEMPORAL_AUTH_PROVIDER_URL", "TEMPORAL_AUTH_CLIENT_ID"),
    *("TEMPORAL_AUTH_CLIENT_SECRET", "TEMPORAL_AUTH_CALLBACK_URL", "TEMPORAL_AUTH_SCOPES", "TEMPORAL_CORS_ORIGINS"),
    *("TEMPORAL_TLS_CA", "TEMPORAL_TLS_CERT", "TEMPORAL_TLS_KEY", "TEMPORAL_TLS_SERVER_NAME"),
    *("TEMPORAL_DISABLE_WRITE_ACTIONS", "TEMPORAL_UI_PUBLIC_PATH"),
}
POSTGRES = {
    # The image's own page on Docker Hub
    *("POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_INITDB_ARGS", "PGDATA"),
}
TEMPORAL_CLIENT = {
    # docs.temporal.io, "Environment configuration"; TEMPORAL_API_KEY_FILE is ours (intake/temporal.py)
    *("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_API_KEY_FILE", "TEMPORAL_TLS"),
    *("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_NAME", "TEMPORAL_TLS_CLIENT_CERT_PATH"),
    *("TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_CONFIG_FILE", "TEMPORAL_PROFILE"),
}


def ours() -> set[str]:
    """Every setting of the processes, each also from a file, and Temporal's of a client."""
    kinds: tuple[type[BaseSettings], ...] = (WorkerSettings, ApiSettings)
    fields = {field.upper() for kind in kinds for field in kind.model_fields if field != "temporal_namespace"}
    return {f"GUATU_{field}{end}" for field in fields for end in ("", FROM_FILE)} | TEMPORAL_CLIENT


BY_IMAGE = {
    "postgres": POSTGRES,
    "temporalio/server": TEMPORAL_SERVER,
    "temporalio/ui": TEMPORAL_UI,
    "temporalio/admin-tools": TEMPORAL_CLIENT,
}
