# Blotter's image. Without a command it waits for the time in `cronfile`, every day:
#   docker run --detach --volume blotter:/data --env-file .env IMAGE
# With a command it runs that and exits, for your own scheduler:
#   docker run --rm --volume blotter:/data --env-file .env IMAGE blotter daily
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS dependencies

RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
    && groupadd --gid 10001 blotter \
    && useradd --uid 10001 --gid blotter --home-dir /data --no-create-home \
        --shell /usr/sbin/nologin blotter \
    && install --directory --owner blotter --group blotter /data
RUN python3 -m venv --without-pip /opt/venv
WORKDIR /app
COPY requirements.lock .
RUN python3 -m pip --python /opt/venv/bin/python install --require-hashes \
        --no-cache-dir --no-warn-script-location --requirement requirements.lock

FROM dependencies AS project

# The models, seeds and declarations stay next to the code: dbt reads them from here.
COPY . .
RUN python3 -m pip --python /opt/venv/bin/python install --no-deps \
        --no-build-isolation --no-warn-script-location --root /opt/project \
        --editable . \
    && /opt/venv/bin/python -m compileall -q pipelines container demo metabase

# Images with the same dependencies differ only from here on.
FROM dependencies

COPY --from=project /opt/project /
COPY --from=project /app /app

ENV BLOTTER_HOME=/data \
    HOME=/data \
    PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
VOLUME /data
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001

# Allows a day for the first good run; after that, one run may fail, but not two.
HEALTHCHECK --start-period=24h --interval=5m --timeout=30s --retries=2 \
    CMD ["blotter", "status", "--max-age", "36h"]

ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["python", "container/scheduler.py", "cronfile"]
