// Package page is the live page that a node serves to operators on its admin address, and
// what it shares with the page of "rollcall dev": colours, type and how elements are made.
//
// It is static: plain HTML, CSS and JavaScript modules, embedded and served as they are. It holds
// no secret, so it asks for no key to be loaded. What it shows it asks of the HTTP API,
// with the key that the operator gives it.
package page

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed shared live
var files embed.FS

// Shared is what pages of Rollcall have in common.
func Shared() fs.FS {
	f, err := fs.Sub(files, "shared")
	if err != nil {
		panic(err) // it is embedded
	}
	return f
}

// Overlay is the files of several folders in one; of equal names the first counts.
type Overlay []fs.FS

// Open opens a file of the first folder that has it.
func (o Overlay) Open(name string) (f fs.File, err error) {
	for _, folder := range o {
		if f, err = folder.Open(name); err == nil {
			return f, nil
		}
	}
	return nil, err
}

// policy lets the page load nothing but its own files, ask nothing but its own node, and be
// framed by nobody, who could have an operator click what she does not see.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at /, and its other files at /page/live/ and /page/shared/.
func Handler() http.Handler {
	others := http.StripPrefix("/page", http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-cache") // embedded files have no date, and a node may be replaced
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.URL.Path == "/" {
			http.ServeFileFS(w, r, files, "live/index.html")
			return
		}
		others.ServeHTTP(w, r)
	})
}
