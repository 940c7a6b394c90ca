package socket

import (
	"net/http/httptest"
	"testing"
)

func TestCheckOrigin(t *testing.T) {
	for _, tt := range []struct {
		origin   string
		patterns []string
		want     bool
	}{
		{"", nil, true},
		{"https://chat.example", nil, true},
		{"http://CHAT.Example", nil, true},
		{"https://chat.example:8443", nil, false},
		{"https://evil.example", nil, false},
		{"https://chat.example.evil", nil, false},
		{"null", nil, false},
		{"null", []string{"other.example"}, false},
		{"null", []string{"*"}, true},
		{"chat.example", []string{"*"}, false},
		{"://", []string{"*"}, false},
		{"https:///path", []string{"*"}, false},
		{"https://other.example", []string{"other.example"}, true},
		{"https://OTHER.example", []string{"other.EXAMPLE"}, true},
		{"https://a.other.example", []string{"x", "*.other.example"}, true},
		{"https://other.example", []string{"*.other.example"}, false},
		{"http://other.example", []string{"https://other.example"}, false},
		{"https://other.example", []string{"https://other.example"}, true},
		{"https://other.example:444", []string{"other.example"}, false},
		{"https://evil.example", []string{"["}, false},
	} {
		r := httptest.NewRequest("GET", "http://chat.example/v1/connect", nil)
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		if got := CheckOrigin(r, tt.patterns); got != tt.want {
			t.Errorf("CheckOrigin(%q, %q) = %v, want %v", tt.origin, tt.patterns, got, tt.want)
		}
	}
}

func TestTwoOriginsAreNone(t *testing.T) {
	r := httptest.NewRequest("GET", "http://chat.example/v1/connect", nil)
	r.Header["Origin"] = []string{"http://chat.example", "http://evil.example"}
	if CheckOrigin(r, nil) {
		t.Error("a request with two origins may connect")
	}
}

func TestCheckPatternsNamesTheWrongOne(t *testing.T) {
	if err := CheckPatterns([]string{"*.example", "https://a"}); err != nil {
		t.Errorf("good patterns: %v", err)
	}
	if err := CheckPatterns([]string{"a", "["}); err == nil {
		t.Error("a malformed pattern was taken")
	}
}
