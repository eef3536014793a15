# Two images from one file: `--target worker` and `--target dashboard`. Node runs the TypeScript sources directly.
# Behind a mirror: --build-arg REGISTRY=<host>/library/ (base image, with its slash), --build-arg NPM_REGISTRY=https://<host>
ARG REGISTRY=docker.io/library/
ARG NODE_TAG=24-bookworm-slim

FROM ${REGISTRY}node:${NODE_TAG} AS dependencies
ARG NPM_REGISTRY=
ARG PNPM_VERSION=12.21.0
ENV npm_config_registry=${NPM_REGISTRY} pnpm_config_registry=${NPM_REGISTRY}
WORKDIR /app
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY packages/shared/package.json packages/shared/
COPY packages/core/package.json packages/core/
COPY packages/ops/package.json packages/ops/
COPY packages/alerts/package.json packages/alerts/
COPY packages/worker/package.json packages/worker/
COPY packages/dashboard/package.json packages/dashboard/
COPY packages/cli/package.json packages/cli/

FROM dependencies AS worker-dependencies
RUN npx -y pnpm@${PNPM_VERSION} install --prod --frozen-lockfile --filter=@tokenkeeper/worker... --filter=@tokenkeeper/cli...

FROM dependencies AS dashboard-dependencies
RUN npx -y pnpm@${PNPM_VERSION} install --prod --frozen-lockfile --filter=@tokenkeeper/dashboard...

FROM ${REGISTRY}node:${NODE_TAG} AS dashboard
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dashboard-dependencies /app ./
COPY packages/shared/src packages/shared/src
COPY packages/core/src packages/core/src
COPY packages/ops/src packages/ops/src
COPY packages/alerts/src packages/alerts/src
COPY packages/dashboard/src packages/dashboard/src
USER node
EXPOSE 3010
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.DASHBOARD_PORT || 3010) + '/healthz').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "packages/dashboard/src/main.ts"]

FROM ${REGISTRY}node:${NODE_TAG} AS worker
ENV NODE_ENV=production
WORKDIR /app
COPY --from=worker-dependencies /app ./
COPY packages/shared/src packages/shared/src
COPY packages/core/src packages/core/src
COPY packages/ops/src packages/ops/src
COPY packages/alerts/src packages/alerts/src
COPY packages/worker/src packages/worker/src
COPY packages/cli/src packages/cli/src
USER node
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.WORKER_HEALTH_PORT || 3011) + '/healthz').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "packages/worker/src/main.ts"]
