package dev

import (
	"embed"
	"io/fs"
	"net/http"
)

// files are those of the page: plain HTML, CSS and JavaScript modules, served as they are.
//
//go:embed page
var files embed.FS

// page serves the files.
func page() http.Handler {
	root, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // it is embedded
	}
	return http.FileServerFS(root)
}
