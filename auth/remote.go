package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"golang.org/x/time/rate"
)

const (
	refreshInterval = 10 * time.Minute // how old a key set may get; a withdrawn key lives this long
	unknownInterval = 10 * time.Second // the least time between two fetches for unknown kids
	fetchTimeout    = 5 * time.Second
	maxKeySet       = 512 << 10 // body of a key set, in bytes
	maxRedirects    = 3
)

// remoteSet is a key set that lives at a URL.
type remoteSet struct {
	*keySet
	client jwkset.Storage // asks the URL for what keySet lacks
	name   string         // the URL without its password, for people
	ctx    context.Context

	// fetching is full while the URL is asked for an unknown kid, so that those who
	// come meanwhile wait for the same answer instead of being refused. A channel
	// and no mutex, since the wait is one for the network and ends with ctx.
	fetching chan struct{}
	limit    *rate.Limiter // used by whoever fills fetching

	fetches, failures atomic.Uint64
	fetched           atomic.Int64 // Unix milliseconds; 0: never
	down              atomic.Bool  // the last fetch failed
}

// newRemoteSet fetches the set once and starts its refreshing, which ends with ctx.
// A URL that is down is no error: the log says so, and it is asked again.
func newRemoteSet(ctx context.Context, address string, c Config) (*remoteSet, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("not an address") // checked before; the cause may hold a password
	}
	r := &remoteSet{
		name: u.Redacted(), ctx: ctx,
		fetching: make(chan struct{}, 1), limit: rate.NewLimiter(rate.Every(unknownInterval), 1),
	}
	log := c.Log.With("url", r.name)
	if u.Scheme == "http" {
		log.Warn("key set is fetched without TLS: whoever is on the way can forge tokens")
	}
	if r.keySet, err = newKeySet(true, log); err != nil {
		return nil, err
	}
	store, err := jwkset.NewStorageFromHTTP(address, jwkset.HTTPClientStorageOptions{
		Client:                    bounded(c.HTTPClient),
		Ctx:                       ctx,
		HTTPTimeout:               fetchTimeout,
		NoErrorReturnFirstHTTPReq: true,
		RefreshErrorHandler:       r.failed,
		RefreshInterval:           refreshInterval,
		Storage:                   r,
		ValidateOptions:           lenient,
	})
	if err != nil {
		return nil, errors.New("the key set could not be set up") // as above
	}
	r.client, err = jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs:          map[string]jwkset.Storage{r.name: store},
		RateLimitWaitMax:  fetchTimeout,
		RefreshUnknownKID: rate.NewLimiter(rate.Inf, 1), // fetch asks limit first, which never waits
	})
	return r, err
}

// KeyReplaceAll is where a fetched set arrives.
func (r *remoteSet) KeyReplaceAll(ctx context.Context, given []jwkset.JWK) error {
	if err := r.keySet.KeyReplaceAll(ctx, given); err != nil {
		return err // comes back to failed
	}
	r.fetches.Add(1)
	first := r.fetched.Swap(time.Now().UnixMilli()) == 0
	if r.down.Swap(false) || first {
		r.log.Info("key set fetched", "keys", r.size.Load())
	}
	return nil
}

// failed is told of every fetch that brought no keys.
func (r *remoteSet) failed(_ context.Context, err error) {
	if r.ctx.Err() != nil {
		return // this node is stopping
	}
	r.fetches.Add(1)
	r.failures.Add(1)
	r.down.Store(true)
	if errors.Is(err, errNoUsableKey) {
		err = errNoUsableKey // jwkset wraps it as something else
	}
	r.log.Warn("key set could not be fetched, the keys held so far stay", "keys", r.size.Load(), "error", err)
}

// fetch asks the URL for a kid that the set lacks, if it was not asked for one
// within unknownInterval, and reports whether the set has it now. It may take up to
// twice fetchTimeout, the first for somebody else's question.
func (r *remoteSet) fetch(kid string) bool {
	select {
	case r.fetching <- struct{}{}:
		defer func() { <-r.fetching }()
	case <-r.ctx.Done():
		return false
	}
	if r.has(kid) {
		return true
	}
	if !r.limit.Allow() {
		return false
	}
	_, err := r.client.KeyRead(r.ctx, kid)
	return err == nil
}

// KeySetStatus tells of one key set that lives at a URL.
type KeySetStatus struct {
	URL      string    // without its password
	Keys     int       // held now
	Fetched  time.Time // when they came; zero: never
	Fetches  uint64    // tried since the start
	Failures uint64    // of those
}

func (r *remoteSet) status() KeySetStatus {
	s := KeySetStatus{URL: r.name, Keys: int(r.size.Load()), Fetches: r.fetches.Load(), Failures: r.failures.Load()}
	if at := r.fetched.Load(); at != 0 {
		s.Fetched = time.UnixMilli(at)
	}
	return s
}

// newHTTPClient returns a client that keeps no connection between two fetches
// which are minutes apart.
func newHTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
}

// bounded returns client with a bound on bodies and on redirects, for key sets that are [published].
func bounded(client *http.Client) *http.Client {
	c := *client
	base := c.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	c.Transport = published{boundedBodies{base}}
	c.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
			return errors.New("a redirect from https to " + next.URL.Scheme)
		}
		return nil
	}
	return &c
}

// boundedBodies fails the reading of a body beyond maxKeySet.
type boundedBodies struct{ base http.RoundTripper }

func (b boundedBodies) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.base.RoundTrip(request)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxKeySet)
	}
	return response, err
}

// empty reports whether the set was never fetched.
func (r *remoteSet) empty() bool { return r.size.Load() == 0 }
