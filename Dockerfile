# Isthmus as a container: docker build -t isthmus .
#   docker run -v "$PWD/isthmus.yaml":/etc/isthmus/isthmus.yaml:ro -v isthmus:/var/lib/isthmus -p 5060:5060/udp -p 5060:5060 isthmus
# The configuration's store.file should be /var/lib/isthmus/isthmus.db. Any command: docker run … isthmus check

FROM node:20-bookworm AS build
WORKDIR /src
# Packages first, so that a change of the sources does not fetch them again. SQLite is compiled where no binary can be had.
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:20-bookworm-slim
ENV NODE_ENV=production ISTHMUS_CONFIG=/etc/isthmus/isthmus.yaml ISTHMUS_HEALTH=http://127.0.0.1:8060/health
RUN useradd --system --uid 5060 --home-dir /var/lib/isthmus --create-home --shell /usr/sbin/nologin isthmus \
 && mkdir /etc/isthmus
WORKDIR /opt/isthmus
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY mappings ./mappings
COPY migrations ./migrations
USER isthmus
VOLUME /var/lib/isthmus
EXPOSE 5060/udp 5060/tcp 5061/tcp 8060/tcp
# Ready means that a message can cross now: every XMPP link is up. health.listen must be on for this.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.ISTHMUS_HEALTH).then((page) => process.exit(page.ok ? 0 : 1), () => process.exit(1))"]
# SIGTERM answers what is in flight (limits.stopGrace, 5 s), then the process ends by itself.
STOPSIGNAL SIGTERM
# The young generation of the heap: what waits for its proof dies there, at half the collections (docs/scale.md). Left to
# itself V8 comes to create parts of such messages in the old generation, where each keeps the rest of its message alive.
ENTRYPOINT ["node", "--min-semi-space-size=32", "--max-semi-space-size=32", "--no-allocation-site-pretenuring", "dist/cli/main.js"]
CMD ["run"]
