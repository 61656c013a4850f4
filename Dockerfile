# syntax=docker/dockerfile:1
# One image for every process and command of guatu: "docker run guatu worker", "… api", "… migrate".
#
# The base is pinned by its version. To pin its content as well, append the digest that
# "docker buildx imagetools inspect python:3.11.14-slim-bookworm" prints, as python:…@sha256:…
ARG BASE=python:3.11.14-slim-bookworm

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# The dependencies first: they change less often than the product. Wheels alone: nothing is compiled.
COPY requirements/run.txt requirements/build.txt requirements/
RUN python -m venv --without-pip /opt/guatu \
    && pip --python /opt/guatu/bin/python install --require-hashes --only-binary=:all: -r requirements/run.txt \
    && pip install --require-hashes --only-binary=:all: -r requirements/build.txt
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip --python /opt/guatu/bin/python install --no-deps --no-index /wheels/*.whl \
    && /opt/guatu/bin/python -m compileall -q /opt/guatu

FROM ${BASE}
# Nothing in here installs or builds anything any more.
RUN python -m pip uninstall --yes --quiet pip setuptools wheel; \
    groupadd --gid 10001 guatu && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
    --shell /usr/sbin/nologin guatu
COPY --from=build /opt/guatu /opt/guatu
# The file system may be read-only: at run time nothing is written but files in /tmp, and those only in passing.
ENV PATH=/opt/guatu/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONSAFEPATH=1
WORKDIR /tmp
USER 10001:10001
EXPOSE 8080 8081 8082
STOPSIGNAL SIGTERM
# guatu is process 1 and ends in order by SIGTERM. "docker run --init" reaps what others leave behind.
ENTRYPOINT ["guatu"]
CMD ["worker"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8081/readyz', timeout=4)"]
