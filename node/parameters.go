package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// How much one page lists.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// paging is which page is asked for.
type paging struct {
	prefix, after string
	limit         int
}

// pagingOf reads the parameters prefix, limit and after.
func pagingOf(r *http.Request) (p paging, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return p, badRequest("the query: %v", err)
	}
	p = paging{query.Get("prefix"), query.Get("after"), defaultLimit}
	for _, name := range []string{"prefix", "after"} {
		if value := query.Get(name); len(value) > auth.MaxName || !utf8.ValidString(value) {
			return p, badRequest("%s: want at most %d bytes of UTF-8", name, auth.MaxName)
		}
	}
	if query.Has("limit") {
		if p.limit, err = strconv.Atoi(query.Get("limit")); err != nil || p.limit < 1 || p.limit > maxLimit {
			return p, badRequest("limit is %q, want 1 to %d", query.Get("limit"), maxLimit)
		}
	}
	return p, nil
}

// choiceOf reads a parameter that has one of a few values, of which the first is understood.
func choiceOf(r *http.Request, name string, values ...string) (string, error) {
	query := r.URL.Query()
	if !query.Has(name) {
		return values[0], nil
	}
	if value := query.Get(name); slices.Contains(values, value) {
		return value, nil
	}
	return "", badRequest("%s is %q, want %s", name, query.Get(name), strings.Join(values, " or "))
}

// channelOf returns the channel that the path names.
func channelOf(r *http.Request) (string, error) {
	name := r.PathValue("channel")
	if err := auth.CheckChannel(name); err != nil {
		return "", badRequest("channel is a %v", err)
	}
	return name, nil
}

// userIn returns the user whom the path names.
func userIn(r *http.Request) (string, error) {
	name := r.PathValue("user")
	if err := auth.CheckName(name); err != nil {
		return "", badRequest("user is a %v", err)
	}
	return name, nil
}

// orderOf returns the user whom the path names, and the fields of the body, as [bodyOf].
func orderOf(w http.ResponseWriter, r *http.Request, optional bool) (user string, fields map[string]json.RawMessage, err error) {
	if user, err = userIn(r); err == nil {
		fields, err = bodyOf(w, r, optional)
	}
	return user, fields, err
}

// bodyOf returns the fields of a request's body, which is a JSON object or, if it may be,
// nothing.
func bodyOf(w http.ResponseWriter, r *http.Request, optional bool) (map[string]json.RawMessage, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &httpError{status: http.StatusUnsupportedMediaType, Code: codeMediaType, Message: "the Content-Type has to be application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &httpError{status: http.StatusRequestEntityTooLarge, Code: protocol.TooLarge, Message: fmt.Sprintf("the body is more than %d bytes", maxBody)}
	case err != nil:
		return nil, badRequest("the body: %v", err)
	case optional && strings.TrimSpace(string(body)) == "":
		return nil, nil
	}
	fields, ok := auth.Object(body)
	if !ok {
		return nil, badRequest("the body is no JSON object of one meaning")
	}
	return fields, nil
}

// textOf returns a field of text; empty: it is left out.
func textOf(fields map[string]json.RawMessage, name string) (text string, err error) {
	value, given := fields[name]
	if !given {
		return "", nil
	}
	if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return "", badRequest("%s is no text", name)
	}
	return text, nil
}
