package node

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/channels"
	clientjs "github.com/rollcall-presence/rollcall/client-js"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// Handler serves what is public: /v1/connect, /client.js, /healthz and /readyz. It may be
// mounted in a server of one's own while [Node.Run] runs.
func (n *Node) Handler() http.Handler {
	mux := http.NewServeMux()
	n.health(mux)
	mux.HandleFunc("GET /v1/connect", n.connect)
	mux.Handle("GET /client.js", clientjs.Handler())
	return mux
}

func (n *Node) health(mux *http.ServeMux) {
	mux.Handle("/healthz", methods{http.MethodGet: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })})
	mux.Handle("/readyz", methods{http.MethodGet: http.HandlerFunc(n.getReady)})
}

func (n *Node) getReady(w http.ResponseWriter, _ *http.Request) {
	switch {
	case n.stopped():
		http.Error(w, "stopping", http.StatusServiceUnavailable)
	case n.leaving():
		http.Error(w, "draining", http.StatusServiceUnavailable)
	case !n.Ready():
		http.Error(w, "learning the cluster", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ok")
	}
}

// connect upgrades to a WebSocket. Browsers see the close code of a socket, and
// nothing of a refused upgrade, so refusals are upgraded first.
func (n *Node) connect(w http.ResponseWriter, r *http.Request) {
	if n.leaving() {
		_ = n.acceptor.Refuse(w, r, protocol.CloseGoingAway, goingAway,
			socket.Frame(protocol.AppendError(nil, &protocol.Error{Code: protocol.Draining, Message: goingAway})))
		return
	}
	if !socket.CheckOrigin(r, n.cfg.Origins) {
		_ = n.acceptor.Refuse(w, r, protocol.CloseForbidden, "origin refused")
		return
	}
	c := &conn{node: n, opened: time.Now(), from: comingFrom(r)}
	if token := n.token(r); token != "" {
		identity, err := n.verify(token)
		if err != nil {
			_ = n.acceptor.Refuse(w, r, protocol.CloseUnauthorized, err.Error())
			return
		}
		c.header = &identity
	}
	sock, err := n.acceptor.Accept(w, r)
	if err != nil {
		return // the response says why
	}
	c.sock = sock
	c.guest = n.guestOf(r, sock)
	n.admit(c)
	sock.Start(c)
}

// comingFrom is what an upgrade tells of the other end. Behind a proxy the address is the
// proxy's: what X-Forwarded-For and its like say anybody can have written, and is not
// looked at. A program that mounts Handler behind a proxy that it trusts may set
// Request.RemoteAddr itself.
func comingFrom(r *http.Request) *channels.Details {
	address, _ := netip.ParseAddrPort(r.RemoteAddr) // unknown if it is something else
	return channels.NewDetails(address.Addr(), cutText(r.UserAgent(), gossip.MaxAgent), "", 0)
}

// cutText returns the part of a text that is valid UTF-8, of at most so many bytes.
func cutText(s string, most int) string { return strings.ToValidUTF8(s[:min(len(s), most)], "") }

// admit takes a connection in, or turns it away because the node is going away.
func (n *Node) admit(c *conn) {
	n.lock()
	defer n.mu.Unlock()
	if n.leaving() {
		c.turnAway()
	}
	if n.stopped() {
		return // nobody waits for it any more
	}
	n.stats.Connections++
	n.conns[c] = struct{}{}
	c.known = true
	n.wheel.add(c, n.clock())
	n.present.Add(1)
}

// token returns the token of an upgrade; empty: there is none.
func (n *Node) token(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if n.cfg.AllowQueryToken {
		return r.URL.Query().Get("access_token")
	}
	return ""
}

// verify returns who bears a token. It may wait for a key set, so the lock must not be held.
func (n *Node) verify(token string) (auth.Identity, error) {
	if n.verifier == nil {
		n.badToken.add(string(noKeys))
		return auth.Identity{}, errors.New("this node knows no key")
	}
	identity, err := n.verifier.Verify(token, time.Now())
	if refusal := (*auth.Refusal)(nil); errors.As(err, &refusal) {
		n.badToken.add(string(refusal.Reason))
	}
	return identity, err
}
