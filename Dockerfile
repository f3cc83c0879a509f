# syntax=docker/dockerfile:1
# Two stages: the first builds the wheel and a virtual environment from hashed requirements; the
# second holds nothing but Python and that environment. `deploy/rehearse.py` runs these same lines
# without an engine. PYTHON is the version that the tests run on.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY deploy/requirements-build.lock deploy/requirements-image.lock ./
RUN python -m venv /build/tools \
 && /build/tools/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements-build.lock \
 && python -m venv --without-pip /opt/fluent-connect \
 && /build/tools/bin/pip --python /opt/fluent-connect/bin/python install --no-compile --no-deps --require-hashes --only-binary :all: -r requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /build/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /build/dist . \
 && /build/tools/bin/pip --python /opt/fluent-connect/bin/python install --no-compile --no-deps --no-index /build/dist/*.whl \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/fluent-connect/lib

FROM python:${PYTHON}-slim-bookworm
LABEL org.opencontainers.image.title="fluent-connect" \
      org.opencontainers.image.description="Carries every change in commercetools to Fluent OMS, and proves that it did." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/fluent-connect /opt/fluent-connect
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data \
 && install --directory --mode=0755 /config
# Nothing is written outside /data: no byte code, and what SQLite or Python put aside goes there too.
ENV PATH=/opt/fluent-connect/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    TMPDIR=/data \
    FC_ADMIN_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/livez', timeout=4)"]
ENTRYPOINT ["fluent-connect"]
CMD ["run", "--config", "/config", "--data", "/data"]
