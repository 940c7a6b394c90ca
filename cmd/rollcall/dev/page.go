package dev

import (
	"embed"
	"io/fs"
	"net/http"

	shared "github.com/rollcall-presence/rollcall/node/page"
)

// files are those of the page that are not shared with others: plain HTML, CSS and JavaScript
// modules, served as they are.
//
//go:embed page
var files embed.FS

// page serves the files.
func page() http.Handler {
	root, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // it is embedded
	}
	return http.FileServerFS(shared.Overlay{root, shared.Shared()})
}
