# Kamailio 5.6 as Debian 12 has it.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends kamailio && rm -rf /var/lib/apt/lists/*
EXPOSE 5060/udp 5060/tcp
CMD ["kamailio", "-DD", "-E", "-f", "/etc/kamailio/kamailio.cfg"]
