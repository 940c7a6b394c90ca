package node

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"github.com/rollcall-presence/rollcall/node/door"
	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// Times of a request that is no WebSocket yet, or never will be one.
const (
	headerTime  = 5 * time.Second // TLS, then as long again for the headers
	requestTime = 10 * time.Second
)

func (n *Node) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
}

// closeAdmin ends the server for operators; streams of events get their last one.
func closeAdmin(s *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Shutdown(ctx)
	s.Close()
}

// publicServer is a server that trusts nobody: who sends or reads slowly is cut.
func (n *Node) publicServer() *http.Server {
	s := n.server(n.Handler())
	s.ReadTimeout, s.WriteTimeout = requestTime, requestTime // a WebSocket has limits of its own
	s.ConnContext = door.With
	if n.certificate != nil {
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: n.certificate.get}
		s.Protocols = new(http.Protocols)
		s.Protocols.SetHTTP1(true) // a WebSocket over HTTP/2 is another protocol
	}
	return s
}

// servePublic serves the public address until the server is closed.
func (n *Node) servePublic(s *http.Server) error {
	l := n.door.Listen(n.listener)
	if n.certificate == nil {
		return s.Serve(l)
	}
	return s.ServeTLS(l, "", "")
}

// guestOf returns the guest at the door that came with a request, and is turned away by
// cutting the socket now. One who came by another's server is new here.
func (n *Node) guestOf(r *http.Request, sock *socket.Socket) *door.Guest {
	if g := door.From(r.Context()); g != nil {
		g.TurnAwayBy(sock.Cut)
		return g
	}
	return n.door.Enter(func() { sock.Close(protocol.CloseOverload, "too many sockets that have said no hello") })
}
