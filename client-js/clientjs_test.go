package clientjs

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestScriptIsServedAndRevalidated(t *testing.T) {
	get := func(tag string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/client.js", nil)
		r.Header.Set("If-None-Match", tag)
		Handler().ServeHTTP(w, r)
		return w
	}
	first := get("")
	if first.Code != http.StatusOK || !strings.Contains(first.Body.String(), "Rollcall") {
		t.Fatalf("GET /client.js: %d, %d bytes", first.Code, first.Body.Len())
	}
	if kind := first.Header().Get("Content-Type"); kind != "text/javascript; charset=utf-8" {
		t.Errorf("Content-Type %q", kind)
	}
	tag := first.Header().Get("ETag")
	if again := get(tag); tag == "" || again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("GET with ETag %s: %d, %d bytes, want 304 and none", tag, again.Code, again.Body.Len())
	}
	if other := get(`"other"`); other.Code != http.StatusOK {
		t.Errorf("GET with another ETag: %d, want 200", other.Code)
	}
}
