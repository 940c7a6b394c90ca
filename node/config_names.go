package node

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rollcall-presence/rollcall/auth"
)

func (c Config) checkLabels() error {
	for _, label := range []struct{ field, text string }{{"Name", c.Name}, {"Cluster", c.Cluster}} {
		if n := len(label.text); n < 1 || n > maxLabel || !isText(label.text) {
			return &ConfigError{label.field, label.text, fmt.Sprintf("1 to %d bytes of text without control characters", maxLabel)}
		}
	}
	return nil
}

func (c Config) checkAddresses() error {
	for _, a := range []struct{ field, address string }{
		{"Listen", c.Listen}, {"Admin", c.Admin}, {"Gossip", c.Gossip},
	} {
		if _, port, err := net.SplitHostPort(a.address); err != nil || !isPort(port) {
			return &ConfigError{a.field, a.address, "host:port, such as 127.0.0.1:8080, or :8080 for all addresses"}
		}
	}
	if host, _, _ := net.SplitHostPort(c.Gossip); host == "::" && c.Advertise == "" {
		return &ConfigError{"Advertise", "", "an address that others reach, since " + c.Gossip + " is none"}
	}
	if c.Advertise != "" && !isReachable(withPort([]string{c.Advertise}, defaultGossipPort)[0]) {
		return &ConfigError{"Advertise", c.Advertise, "host or host:port that others reach, such as 10.0.0.7:7946"}
	}
	for _, seed := range withPort(c.Join, defaultGossipPort) {
		if !isReachable(seed) {
			return &ConfigError{"Join", seed, "host or host:port, such as 10.0.0.7:7946"}
		}
	}
	return nil
}

func (c Config) checkPatterns() error {
	if _, err := auth.ParsePublic(c.PublicChannels); err != nil {
		return &ConfigError{"PublicChannels", strings.Join(c.PublicChannels, ","), fmt.Sprintf(`names, or prefixes ending in "*": %v`, err)}
	}
	for _, p := range c.Origins {
		if _, err := path.Match(p, ""); err != nil || p == "" || strings.HasSuffix(p, "/") {
			return &ConfigError{"Origins", p, "a host such as chat.example or *.example, or scheme://host"}
		}
	}
	return nil
}

// isText tells valid UTF-8 without control characters.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) }

// isReachable tells a host:port to which packets can be sent, as far as the text
// shows.
func isReachable(address string) bool {
	host, port, err := net.SplitHostPort(address)
	ip, _ := netip.ParseAddr(host)
	return err == nil && host != "" && !strings.ContainsFunc(host, unicode.IsSpace) && isPort(port) && port != "0" && !ip.IsUnspecified()
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// onLoopback tells whether only this machine can reach a host:port. A name
// other than localhost may mean anything by the time it is looked up.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// withPort gives every address that has none the port.
func withPort(addresses []string, port string) []string {
	out := make([]string, 0, len(addresses))
	for _, a := range addresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			if with := net.JoinHostPort(strings.Trim(a, "[]"), port); isIP(strings.Trim(a, "[]")) || !strings.Contains(a, ":") {
				a = with
			}
		}
		out = append(out, a)
	}
	return out
}
