"""What is seen from outside: metrics for Prometheus, traces for OpenTelemetry; both name no person and no address."""
