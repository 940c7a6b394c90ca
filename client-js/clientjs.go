// Package clientjs holds the built browser client, which nodes serve at /client.js.
package clientjs

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"time"
)

// script makes the global Rollcall in pages without modules. scripts/build.js writes it.
//
//go:embed dist/rollcall.min.js
var script []byte

// Handler serves the script. A browser keeps it and asks each time whether it has
// changed, so that a page and its node are of one version. Any origin may load it:
// it holds nothing but what is public.
func Handler() http.Handler {
	sum := sha256.Sum256(script)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		http.ServeContent(w, r, "client.js", time.Time{}, bytes.NewReader(script))
	})
}
