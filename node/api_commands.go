package node

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// What the routes of the HTTP API answer that have something done: see command.

// maxWhy bounds what a client is told as the reason of its end, in bytes: what fits into a
// close frame.
const maxWhy = 123

// commanded is the answer to a command that all nodes answered.
type commanded struct {
	Sessions int    `json:"sessions"` // that were ended
	Nodes    []Done `json:"nodes"`
}

// putStatus chooses a status for a user, and answers with what she is now.
func (n *Node) putStatus(w http.ResponseWriter, r *http.Request) (any, error) {
	user, fields, err := orderOf(w, r, false)
	if err != nil {
		return nil, err
	}
	status, err := textOf(fields, "status")
	if err != nil {
		return nil, err
	}
	text, err := textOf(fields, "text")
	switch {
	case err != nil:
		return nil, err
	case statusOf[status] == 0:
		return nil, badRequest("status: want online, away, busy or offline")
	case len(text) > gossip.MaxText:
		return nil, &httpError{status: http.StatusRequestEntityTooLarge, Code: protocol.TooLarge, Message: "text: want at most 256 bytes"}
	}
	if _, err := outcome(n.choose(r.Context(), user, statusOf[status], text)); err != nil {
		return nil, err
	}
	return n.User(user), nil
}

// postDisconnect ends all sessions of a user.
func (n *Node) postDisconnect(w http.ResponseWriter, r *http.Request) (any, error) {
	user, fields, err := orderOf(w, r, true)
	if err != nil {
		return nil, err
	}
	why, err := textOf(fields, "reason")
	switch {
	case err != nil:
		return nil, err
	case len(why) > maxWhy || !utf8.ValidString(why) || strings.ContainsFunc(why, unicode.IsControl):
		return nil, badRequest("reason: want at most %d bytes without control characters", maxWhy)
	}
	return outcome(n.disconnect(r.Context(), user, why))
}

// deleteSession ends one session, of whomever.
func (n *Node) deleteSession(_ http.ResponseWriter, r *http.Request) (any, error) {
	holder, session, err := channels.ParseSessionName(r.PathValue("id"))
	if err != nil {
		return outcome(nil, ErrNoSession)
	}
	return outcome(n.endSession(r.Context(), holder, session))
}

// outcome answers a command with what came of it on each node, or says which did not answer.
func outcome(all []Done, err error) (any, error) {
	if errors.Is(err, ErrNoSession) {
		return nil, &httpError{status: http.StatusNotFound, Code: codeNotFound, Message: "there is no such session"}
	}
	done := commanded{Nodes: all}
	for _, d := range all {
		done.Sessions += d.Sessions
	}
	i := slices.IndexFunc(all, func(d Done) bool { return d.err != nil })
	if i < 0 {
		return done, nil
	}
	e := &httpError{status: http.StatusBadGateway, Code: codeUnreachable, Message: "node " + all[i].Node + ": " + all[i].Error, Nodes: all}
	switch all[i].err {
	case ErrNoAnswer:
		e.status, e.Code = http.StatusGatewayTimeout, codeTimeout
	case ErrBusy:
		e.status, e.Code = http.StatusServiceUnavailable, protocol.RateLimited
	}
	return nil, e
}
