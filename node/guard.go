package node

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// guard lets only operators at what is for them: no page of another site, and, if there
// are admin keys, nobody without one. The two are apart: a node on loopback needs no
// key, but browsers on the same machine show pages of strangers.
func (n *Node) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !n.isHost(r.Host):
			refuseHTTP(w, &httpError{status: http.StatusForbidden, Code: protocol.Forbidden,
				Message: "without an admin key this node is asked at an address or at localhost, and not at " + r.Host})
		case !socket.CheckOrigin(r, nil) || fromElsewhere(r):
			refuseHTTP(w, &httpError{status: http.StatusForbidden, Code: protocol.Forbidden, Message: "no page of another site may ask"})
		case len(n.cfg.AdminKeys) > 0 && !n.isKey(r.Header.Get("Authorization")):
			w.Header().Set("WWW-Authenticate", `Bearer realm="rollcall"`)
			refuseHTTP(w, &httpError{status: http.StatusUnauthorized, Code: protocol.Unauthorized, Message: "the Authorization header holds no admin key"})
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// isHost reports whether a node may be asked by that name. A page whose name is made to
// stand for a loopback address reaches a node that has no key, but it cannot change what it
// is called: an address is no name, and nobody else can make localhost his.
func (n *Node) isHost(host string) bool {
	if len(n.cfg.AdminKeys) > 0 {
		return true // which such a page does not know
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || strings.EqualFold(host, "localhost")
}

// fromElsewhere reports whether a browser says that a page of another site asks, which it
// says of images and scripts too, that come without Origin.
func fromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return true
}

// isKey reports whether an Authorization header holds an admin key. How long that takes
// tells nothing of the keys.
func (n *Node) isKey(header string) bool {
	scheme, key, _ := strings.Cut(header, " ")
	given := sha256.Sum256([]byte(strings.TrimSpace(key)))
	is := 0
	for _, k := range n.cfg.AdminKeys {
		want := sha256.Sum256([]byte(k))
		is |= subtle.ConstantTimeCompare(given[:], want[:])
	}
	return strings.EqualFold(scheme, "Bearer") && is == 1
}
