package socket

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// CheckOrigin reports whether the page that opened this connection may. The page's
// host has to be the one asked for, or to match a pattern as [path.Match] does, in any
// case: against "https://chat.example" if the pattern has "://" in it, else against
// "chat.example". A page without an origin is "null". A request without Origin is
// no browser's, and may.
func CheckOrigin(r *http.Request, patterns []string) bool {
	given := r.Header.Values("Origin")
	if len(given) == 0 {
		return true
	}
	if len(given) > 1 {
		return false
	}
	origin := strings.ToLower(given[0])
	host := origin
	if origin != "null" {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme == "" {
			return false
		}
		if host = u.Host; host == strings.ToLower(r.Host) {
			return true
		}
		origin = u.Scheme + "://" + u.Host
	}
	for _, pattern := range patterns {
		target := host
		if strings.Contains(pattern, "://") {
			target = origin
		}
		if ok, _ := path.Match(strings.ToLower(pattern), target); ok {
			return true
		}
	}
	return false
}

// CheckPatterns returns what is wrong with patterns for CheckOrigin, which matches
// nothing with a malformed one.
func CheckPatterns(patterns []string) error {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("origin pattern %q: %w", pattern, err)
		}
	}
	return nil
}
