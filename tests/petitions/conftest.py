"""How the properties of the domain are looked for: the same examples every time, each failure with its seed."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "domain",
    derandomize=True,
    deadline=None,
    print_blob=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("domain")
