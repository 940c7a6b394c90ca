package node

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/rollcall-presence/rollcall/node/page"
)

// route is one thing that operators may ask for.
type route struct {
	method, path string // as in [http.ServeMux]
	handler      http.Handler
}

// routes returns all that only operators may ask for.
func (n *Node) routes() []route {
	return []route{
		{"GET", "/v1/channels", n.answer(n.informed(n.getChannels))},
		{"GET", "/v1/channels/{channel}", n.answer(n.informed(n.getChannel))},
		{"GET", "/v1/channels/{channel}/count", n.answer(n.informed(n.getCount))},
		{"GET", "/v1/users/{user}", n.answer(n.informed(n.getUser))},
		{"GET", "/v1/users/{user}/why", n.answer(n.informed(n.getWhy))},
		{"POST", "/v1/users/query", n.answer(n.informed(n.queryUsers))},
		{"PUT", "/v1/users/{user}/status", n.answer(n.informed(n.putStatus))},
		{"POST", "/v1/users/{user}/disconnect", n.answer(n.informed(n.postDisconnect))},
		{"GET", "/v1/sessions", n.answer(n.informed(n.getSessions))},
		{"DELETE", "/v1/sessions/{id}", n.answer(n.informed(n.deleteSession))},
		{"GET", "/v1/nodes", n.answer(n.getNodes)},
		{"GET", "/v1/events", http.HandlerFunc(n.streamEvents)},
		{"GET", "/metrics", n.metrics()},
	}
}

// AdminHandler serves what is for operators: the HTTP API, which /openapi.yaml describes,
// /metrics, /healthz and /readyz, and the live page at /. It may be mounted in a server of one's own while
// [Node.Run] runs; unless there are [Config.AdminKeys] it then has to be asked at an
// address or at localhost.
func (n *Node) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	n.health(mux)
	paths := map[string]methods{}
	for _, r := range n.routes() {
		if paths[r.path] == nil {
			paths[r.path] = methods{}
		}
		paths[r.path][r.method] = r.handler
	}
	for path, m := range paths {
		mux.Handle(path, n.guard(m))
	}
	live := methods{http.MethodGet: page.Handler()}
	mux.Handle("/{$}", live)
	mux.Handle("/page/{folder}/{file}", live)
	mux.Handle("/openapi.yaml", methods{http.MethodGet: http.HandlerFunc(getOpenAPI)})
	mux.Handle("/", n.guard(n.answer(nowhere)))
	return mux
}

// nowhere answers what asks for something that there is not.
func nowhere(_ http.ResponseWriter, r *http.Request) (any, error) {
	return nil, &httpError{status: http.StatusNotFound, Code: codeNotFound, Message: "there is nothing at " + r.URL.Path}
}

// informed refuses to answer before the node knows its cluster: what it knows until then
// looks like an answer, and is none.
func (n *Node) informed(f endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		select {
		case <-n.ready:
			return f(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			return nil, &httpError{status: http.StatusServiceUnavailable, Code: codeNotReady, Message: "this node is learning the cluster"}
		}
	}
}

// methods are the handlers of one path.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h := m[method]; h != nil {
		h.ServeHTTP(w, r)
		return
	}
	allowed := slices.Sorted(maps.Keys(m))
	if m[http.MethodGet] != nil {
		allowed = append(allowed, http.MethodHead)
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	refuseHTTP(w, &httpError{status: http.StatusMethodNotAllowed, Code: codeMethod, Message: r.Method + " is not for " + r.URL.Path + ": " + strings.Join(allowed, ", ")})
}
