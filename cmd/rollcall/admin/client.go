// Package admin asks nodes on their admin addresses, for commands that show or check what
// a cluster is doing. It knows no more than the HTTP API that node/openapi.yaml describes.
package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/node"
)

// patience is how long a node may take to begin an answer. One that asks others first
// takes its timeout, which is rarely more than this.
const patience = time.Minute

// maxAnswer bounds an answer that is read as a whole, in bytes.
const maxAnswer = 64 << 20

// Client asks one node. It may be used concurrently.
type Client struct {
	URL string // as [ParseURL] returns it
	Key string // empty: none

	HTTP *http.Client // nil: see [NewHTTP]
}

// NewHTTP returns what clients of several nodes may share.
func NewHTTP() *http.Client {
	return &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: patience, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
		// The key is for this node, and no node sends anybody elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ParseURL reads an admin address: http://HOST:PORT, https://HOST, or HOST:PORT as
// "rollcall serve" takes it. No host, or one that stands for all addresses, is this machine.
func ParseURL(text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q is no admin address", text)
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "" || ip != nil && ip.IsUnspecified() {
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	}
	return u.Scheme + "://" + u.Host, nil
}

// Refused is why a node did not answer what was asked.
type Refused struct {
	Status  int
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *Refused) Error() string { return fmt.Sprintf("%d: %s", r.Status, r.Message) }

// open asks for a path. Close what is returned.
func (c *Client) open(ctx context.Context, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil)
	if err != nil {
		return nil, err
	}
	if c.Key != "" {
		request.Header.Set("Authorization", "Bearer "+c.Key)
	}
	answer, err := c.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	var refusal struct{ Error Refused }
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	if json.Unmarshal(text, &refusal) != nil || refusal.Error.Message == "" {
		refusal.Error.Message = "this is no node of Rollcall, or none that knows " + strings.SplitN(path, "?", 2)[0]
	}
	refusal.Error.Status = answer.StatusCode
	return nil, &refusal.Error
}

// get decodes an answer in JSON.
func (c *Client) get(ctx context.Context, path string, into any) error {
	body, err := c.open(ctx, path)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Node is a node of the cluster, as another sees it and, if it was asked, as it says.
type Node struct {
	node.NodeInfo
	Says    *node.Says `json:"says"`
	Unknown string     `json:"unknown"` // why it says nothing, although it was asked
}

// Cluster is what one node knows of all. The first of the nodes is that one itself.
type Cluster struct {
	Nodes    []Node `json:"nodes"`
	Interval int64  `json:"interval"` // milliseconds, as the next two
	Timeout  int64  `json:"timeout"`
	Grace    int64  `json:"grace"`
}

// Nodes returns the nodes; with ask each of them says how it is, for which they are waited for.
func (c *Client) Nodes(ctx context.Context, ask bool) (all Cluster, err error) {
	err = c.get(ctx, fmt.Sprintf("/v1/nodes?ask=%t", ask), &all)
	if err == nil && len(all.Nodes) == 0 {
		err = fmt.Errorf("a node that does not know itself")
	}
	return all, err
}

// Largest returns the channels with the most users.
func (c *Client) Largest(ctx context.Context, most int) ([]node.Channel, error) {
	var page struct{ Channels []node.Channel }
	err := c.get(ctx, fmt.Sprintf("/v1/channels?sort=users&limit=%d", most), &page)
	return page.Channels, err
}

// Why is all that is known of a user, and what would end it.
type Why struct {
	node.UserDetails
	Sessions []node.HeldSession `json:"sessions"`
	Leaves   *node.End          `json:"leaves"`
}

// Why asks why a user is there.
func (c *Client) Why(ctx context.Context, user string) (w Why, err error) {
	return w, c.get(ctx, "/v1/users/"+url.PathEscape(user)+"/why", &w)
}

// pageSize is how many sessions are asked for at once.
const pageSize = 1000

// Held calls f with each session that this node holds itself, page by page, and returns
// whose they are.
func (c *Client) Held(ctx context.Context, f func(node.HeldSession)) (nodeID string, err error) {
	for after := ""; ; {
		var page struct {
			NodeID   string
			Sessions []node.HeldSession
			Next     string
		}
		if err := c.get(ctx, fmt.Sprintf("/v1/sessions?limit=%d&after=%s", pageSize, url.QueryEscape(after)), &page); err != nil {
			return "", err
		}
		if nodeID != "" && page.NodeID != nodeID {
			return "", fmt.Errorf("another node answers there now")
		}
		nodeID = page.NodeID
		for _, s := range page.Sessions {
			f(s)
		}
		if after = page.Next; after == "" {
			return nodeID, nil
		}
	}
}
