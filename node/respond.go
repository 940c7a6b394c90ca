package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// Codes of errors of the HTTP API that the wire protocol does not have.
const (
	codeNotFound    protocol.Code = "not_found"
	codeMethod      protocol.Code = "method_not_allowed"
	codeMediaType   protocol.Code = "unsupported_media_type"
	codeUnreachable protocol.Code = "unreachable"
	codeTimeout     protocol.Code = "timeout"
	codeNotReady    protocol.Code = "not_ready"
)

// httpError is why a request to the HTTP API was refused, as its answer says.
type httpError struct {
	status  int
	Code    protocol.Code `json:"code"`
	Message string        `json:"message"`         // for people
	Nodes   []Done        `json:"nodes,omitempty"` // of a command that some did not answer
}

func (e *httpError) Error() string { return string(e.Code) + ": " + e.Message }

func badRequest(format string, args ...any) *httpError {
	return &httpError{status: http.StatusBadRequest, Code: protocol.BadRequest, Message: fmt.Sprintf(format, args...)}
}

// endpoint carries out a request to the HTTP API and returns what is to be answered as JSON. An
// error that is no httpError is the node's fault. It sets headers and writes nothing.
type endpoint func(w http.ResponseWriter, r *http.Request) (any, error)

// answer serves an endpoint.
func (n *Node) answer(f endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.still()
		body, err := f(w, r)
		var refused *httpError
		switch {
		case err == nil:
			respond(w, http.StatusOK, body)
		case errors.As(err, &refused):
			refuseHTTP(w, refused)
		default:
			n.log.Error("HTTP API: " + err.Error())
			refuseHTTP(w, &httpError{status: http.StatusInternalServerError, Code: protocol.Internal, Message: "this node's log says why"})
		}
	})
}

// refuseHTTP answers with an error.
func refuseHTTP(w http.ResponseWriter, e *httpError) {
	respond(w, e.status, struct {
		Error *httpError `json:"error"`
	}{e})
}

// respond answers with JSON, as it is at this moment: nobody may keep it.
func respond(w http.ResponseWriter, status int, body any) {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil { // what a peer told is no JSON
		status = http.StatusInternalServerError
		buf.Reset()
		buf.WriteString(`{"error":{"code":"internal","message":"the answer cannot be written as JSON"}}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // who does not wait for the answer does not get it
}
