package node

import (
	_ "embed"
	"net/http"
)

// openapi describes what AdminHandler serves. Tests hold it against what that answers.
//
//go:embed openapi.yaml
var openapi []byte

func getOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(openapi)
}
