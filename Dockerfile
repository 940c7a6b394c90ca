# The image of a node: one static program, and nothing else to run, to patch or to break into.
#
#   docker build --tag rollcall .
#   docker run --read-only --publish 8080:8080 rollcall serve …
#
# rollcall-history is not in it: it is a program of its own with a database in it, which a
# node does not need, and would double the image.

FROM golang:1.26 AS build
WORKDIR /src

# A proxy of your own, as in: docker build --build-arg GOPROXY=… . Empty: what Go takes by itself.
ARG GOPROXY
COPY go.mod go.sum ./
RUN go mod download

# Without paths of this machine and tables for debuggers, and static, so that scratch can run it.
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/rollcall ./cmd/rollcall

FROM scratch
# Whom to trust, for --jwks-url and --webhook-url.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/rollcall /rollcall

# Nobody in particular; a number, so that a cluster can see that it is not root. It writes no file.
USER 65532:65532
# Inside of a container, loopback is nobody's. Beyond it, a node needs --gossip-key. Change the address by
# this variable, for the health check reads it, too.
ENV ROLLCALL_LISTEN=:8080 ROLLCALL_GOSSIP=0.0.0.0:7946
EXPOSE 8080 7946/tcp 7946/udp

# "Healthy" is: lets clients in. A node that starts takes at most its timeout to learn its cluster.
# What starts containers waits for that; one that drains is not healthy any more, and about to end.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=2 CMD ["/rollcall", "health"]
# What stops containers has to wait for --drain and 10 seconds: docker stop --time 25.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/rollcall"]
CMD ["serve"]
