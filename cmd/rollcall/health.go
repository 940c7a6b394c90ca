package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthCommand is "rollcall health". It is for containers that hold nothing but this
// program, so --listen and --tls-cert have the variables that "rollcall serve" has.
type healthCommand struct {
	Listen  text   `placeholder:"HOST:PORT" default:"127.0.0.1:8080" help:"Public address of the node."`
	TLSCert text   `name:"tls-cert" placeholder:"FILE" help:"Given: the node speaks TLS. The certificate is not looked at."`
	Alive   toggle `help:"Ask only whether the process works (/healthz), not whether it lets clients in (/readyz)."`
}

// Help says what the answer is.
func (healthCommand) Help() string {
	return `The exit code is 0 if it does, and 1 if it does not: as long as the node learns its cluster, and while it drains.

    HEALTHCHECK CMD ["/rollcall", "health"]`
}

// healthPatience bounds the whole question: a node that takes longer does not work.
const healthPatience = 4 * time.Second

// Run asks the node.
func (h *healthCommand) Run(ctx context.Context, p process) error {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url(), nil)
	if err != nil {
		return err
	}
	response, err := h.client().Do(request)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	if answer := strings.TrimSpace(string(body)); response.StatusCode != http.StatusOK {
		return fmt.Errorf("health: %s: %s", response.Status, answer)
	}
	_, err = fmt.Fprintln(p.stdout, "ok")
	return err
}

func (h *healthCommand) url() string {
	scheme, path := "http", "/readyz"
	if h.TLSCert != "" {
		scheme = "https"
	}
	if h.Alive {
		path = "/healthz"
	}
	return scheme + "://localhost" + path
}

// client returns one that reaches this machine's own node, whatever the URL or a proxy of
// the environment says. An address without a host, or 0.0.0.0, means this machine.
func (h *healthCommand) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", string(h.Listen))
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // it is for the public name, and this is no secret
		DisableKeepAlives: true,
	}}
}
