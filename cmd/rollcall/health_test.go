package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// sick is a node that works, but lets nobody in.
var sick = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/readyz" {
		http.Error(w, "draining", http.StatusServiceUnavailable)
	} else if r.URL.Path != "/healthz" {
		http.NotFound(w, r)
	}
})

func TestHealthIsTheExitCode(t *testing.T) {
	well := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer well.Close()
	drains := httptest.NewServer(sick)
	defer drains.Close()
	secure := httptest.NewTLSServer(sick)
	defer secure.Close()
	_, port, err := net.SplitHostPort(well.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()

	for _, tt := range []struct {
		name   string
		env    map[string]string
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"of a node that lets clients in", nil, "--listen " + well.Listener.Addr().String(), exitOK, "ok\n", ""},
		{"found by the node's own variable, without a host", map[string]string{"ROLLCALL_LISTEN": ":" + port}, "", exitOK, "ok\n", ""},
		{"of one that drains", nil, "--listen " + drains.Listener.Addr().String(), exitFailed, "", "503 Service Unavailable: draining"},
		{"whether it is alive", nil, "--alive --listen " + drains.Listener.Addr().String(), exitOK, "ok\n", ""},
		{"over TLS, whatever its certificate says", map[string]string{"ROLLCALL_TLS_CERT": "public.pem"},
			"--alive --listen " + secure.Listener.Addr().String(), exitOK, "ok\n", ""},
		{"of one that is not there", nil, "--listen " + nobody.Addr().String(), exitFailed, "", "connection refused"},
	} {
		s := shell{env: tt.env}
		code := s.run(append([]string{"health"}, strings.Fields(tt.args)...)...)
		if code != tt.code || s.stdout.String() != tt.stdout || !strings.Contains(s.stderr.String(), tt.stderr) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q; want %d, %q, %q", tt.name, code, s.stdout.String(), s.stderr.String(), tt.code, tt.stdout, tt.stderr)
		}
	}
}

func TestHealthWaitsForNoNodeThatIsSilent(t *testing.T) {
	t.Parallel() // it takes healthPatience
	asked, over := make(chan struct{}), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-over
	}))
	defer silent.Close()
	defer close(over)
	var s shell
	if code := s.run("health", "--listen", silent.Listener.Addr().String()); code != exitFailed {
		t.Errorf("exit %d, stderr %q; want %d of a node that does not answer", code, s.stderr.String(), exitFailed)
	}
	<-asked
}
