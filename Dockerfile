# Two stages: the first has Node and builds; the second has Python, the API and the built SPA, and is nobody special.
# Both use the very install steps of the Makefile.
FROM python:3.13-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/foyer
COPY . .
RUN make install

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home foyer && mkdir /data && chown foyer /data
WORKDIR /srv/foyer
COPY --from=build /srv/foyer/.venv .venv
COPY --from=build /srv/foyer/frontend/build frontend/build
COPY --from=build /srv/foyer/api api
COPY --from=build /srv/foyer/migrations migrations
COPY --from=build /srv/foyer/openapi.yaml /srv/foyer/pyproject.toml /srv/foyer/LICENSE /srv/foyer/README.md ./
USER foyer
# Nothing else is written: the file system may be read-only, and is in compose.yaml. An import lays rows on disk in TMPDIR.
ENV PATH=/srv/foyer/.venv/bin:$PATH FOYER_HOST=0.0.0.0 FOYER_DATA_DIR=/data TMPDIR=/data PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["foyer", "serve"]
