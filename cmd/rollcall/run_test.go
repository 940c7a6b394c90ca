package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

var update = flag.Bool("update", false, "write the golden files anew")

// output collects what several goroutines write.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// shell is a world for run: what a test sets, and what came out.
type shell struct {
	ctx            context.Context // nil: does not end
	env            map[string]string
	served         []node.Config
	serveErr       error
	stdout, stderr output
}

func (s *shell) run(args ...string) int {
	ctx := s.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	return run(ctx, args, process{
		stdout: &s.stdout,
		stderr: &s.stderr,
		lookup: func(name string) (string, bool) { v, ok := s.env[name]; return v, ok },
		serve: func(_ context.Context, c node.Config) error {
			s.served = append(s.served, c)
			return s.serveErr
		},
	})
}

// write makes a file and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestHelp(t *testing.T) {
	for _, command := range []string{"", "serve", "dev", "watch", "top", "verify", "load", "token", "keygen", "health", "version"} {
		var s shell
		if code := s.run(append(strings.Fields(command), "--help")...); code != exitOK || s.stderr.String() != "" {
			t.Errorf("%s --help: exit %d, stderr %q", command, code, s.stderr.String())
		}
		golden := filepath.Join("testdata", strings.TrimPrefix(command+".help", "."))
		if *update {
			if err := os.WriteFile(golden, []byte(s.stdout.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || s.stdout.String() != string(want) {
			t.Errorf("%s --help differs from %s (%v); if it should, run go test -update:\n%s", command, golden, err, s.stdout.String())
		}
	}
}

func TestBareCommandShowsWhatThereIs(t *testing.T) {
	var s shell
	if code := s.run(); code != exitUsage || s.stdout.String() != "" || !strings.Contains(s.stderr.String(), "keygen") {
		t.Errorf("exit %d, stdout %q, stderr %q; want 2 and the commands on stderr", code, s.stdout.String(), s.stderr.String())
	}
}

func TestWrongUseNamesFlagValueAndWhatIsRight(t *testing.T) {
	const serve = "serve --jwt-secret s "
	for _, tt := range []struct{ args, want string }{
		{"bogus", `unexpected argument bogus`},
		{"serve --bogus", `unknown flag --bogus`},
		{"serve --jwt-secrt=sesame", `unknown flag --jwt-secrt, did you mean "--jwt-secret"?`},
		{"serve", `--jwt-secret: want a key to verify tokens with: this one, --jwt-public-key, --jwks-url or --jwks-file`},
		{serve + "--interval ten", `--interval is "ten", want a time of 0s or more, such as 10s or 500ms`},
		{serve + "--interval 10", `--interval is "10", want a time of 0s or more, such as 10s or 500ms`},
		{serve + "--interval 1ms", `--interval is "1ms", want 50ms to 10m0s`},
		{serve + "--timeout 12s", `--timeout is "12s", want at least 13s (interval × 1.3, and interval + 200ms)`},
		{serve + "--grace=-1s", `--grace is "-1s", want a time of 0s or more, such as 10s or 500ms`},
		{serve + "--grace", `--grace: want a time of 0s or more, such as 10s or 500ms`},
		{serve + "--max-roster many", `--max-roster is "many", want a whole number of 1 or more, such as 100 or 16KiB`},
		{serve + "--max-roster 0", `--max-roster is "0", want a whole number of 1 or more, such as 100 or 16KiB`},
		{serve + "--max-frame 2MiB", `--max-frame is "2097152", want 5120 to 1048576`},
		{serve + "--rate fast", `--rate is "fast", want requests a second, or these and how many at once, such as 50 or 50/200`},
		{serve + "--rate 0/5", `--rate is "0/5", want requests`},
		{serve + "--rate 5/0", `--rate is "5/0", want requests`},
		{serve + "--rate 100001", `--rate is "100001/400004", want 1 to 100000 a second, and a burst of 1 to 1000000`},
		{serve + "--max-user-sessions 100001", `--max-user-sessions is "100001", want 1 to 100000`},
		{serve + "--max-sessions 0", `--max-sessions is "0", want a whole number of 1 or more`},
		{serve + "--max-frame 99999999999999999999MiB", `--max-frame is "99999999999999999999MiB", want a whole number`},
		{serve + "--allow-anonymous=maybe", `--allow-anonymous is "maybe", want true or false`},
		{serve + "--listen 8080", `--listen is "8080", want host:port, such as 127.0.0.1:8080, or :8080 for all addresses`},
		{serve + "--gossip :7946", `--gossip-key: want at least one, since :7946 can be reached from other machines`},
		{serve + "--admin :9090", `--admin-key: want at least one, since :9090 can be reached from other machines`},
		{serve + "--join a:b:c", `--join is "a:b:c", want host or host:port, such as 10.0.0.7:7946`},
		{serve + "--log-level loud", `--log-level is "loud", want debug, info, warn or error`},
		{serve + "--config /none.yaml", `--config is "/none.yaml", want a file that can be read: no such file or directory`},
		{"serve --jwt-secret @/none", `--jwt-secret is "@/none", want a file that can be read: no such file or directory`},
		{"serve --jwt-secret=", `--jwt-secret: want a secret that is not empty, or @file`},
		{"serve --jwt-public-key key.pem", `--jwt-public-key is "key.pem", want @file with a PEM key`},
		{"dev --nodes 21", `--nodes is "21", want 1 to 20`},
		{"token --secret s", `missing flags: --user=NAME`},
		{"token --secret s --user @" + strings.Repeat("u", 260), `--user is "@uuuu`},
		{"token --secret s --user a --ttl 0s", `--ttl is "0s", want more than 0s`},
		{"token --secret s --user a --profile []", `--profile is "[]", want a JSON object, such as {"name":"Alice"}`},
		{"token --secret s --user a --status gone", `--status is "gone", want online, away, busy or offline`},
		{"token --secret s --user a --follow " + strings.Repeat("f", 256), `--follow: want names, or prefixes ending in *: `},
		{"watch room", `missing flags: --url=URL`},
		{"watch --url ws://h", `expected "<channel> ..."`},
		{"watch --url http://h room", `--url is "http://h", want an address such as ws://127.0.0.1:8080/v1/connect`},
		{`watch --url ws://h --data {} room`, `--data is "{}", want --join beside it: only members have data`},
	} {
		var s shell
		code := s.run(strings.Fields(tt.args)...)
		if code != exitUsage || s.stdout.String() != "" || !strings.HasPrefix(s.stderr.String(), "rollcall: "+tt.want) {
			t.Errorf("rollcall %s: exit %d, stdout %q, stderr %q; want exit 2 and %q", tt.args, code, s.stdout.String(), s.stderr.String(), tt.want)
		}
		if len(s.served) > 0 {
			t.Errorf("rollcall %s: a node was started", tt.args)
		}
	}
}

func TestErrorSaysWhereTheValueCameFrom(t *testing.T) {
	file := write(t, "rollcall.yaml", "# of the test\njwt-secret: s\ninterval: ten\n")
	for name, tt := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"read from a variable":  {map[string]string{"ROLLCALL_TIMEOUT": "x"}, nil, `ROLLCALL_TIMEOUT: --timeout is "x"`},
		"read from the file":    {nil, []string{"--config", file}, file + `:3: --interval is "ten"`},
		"found wrong by a node": {map[string]string{"ROLLCALL_JWT_SECRET": "s", "ROLLCALL_TIMEOUT": "1s"}, nil, `ROLLCALL_TIMEOUT: --timeout is "1s", want at least 13s`},
		"the file's own name":   {map[string]string{"ROLLCALL_CONFIG": "/none"}, nil, `ROLLCALL_CONFIG: --config is "/none"`},
	} {
		s := shell{env: tt.env}
		if code := s.run(append([]string{"serve"}, tt.args...)...); code != exitUsage || !strings.HasPrefix(s.stderr.String(), "rollcall: "+tt.want) {
			t.Errorf("%s: exit %d, stderr %q; want %q", name, code, s.stderr.String(), tt.want)
		}
	}
}

func TestExitCodeTellsWrongUseFromBadLuck(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
		want string
	}{
		{nil, exitOK, ""},
		{errors.New("address in use"), exitFailed, "rollcall: address in use\n"},
		{&node.ConfigError{Field: "MaxData", Value: "9", Want: "10"}, exitUsage, "rollcall: --max-data is \"9\", want 10\n"},
		{&auth.ConfigError{Field: "PublicKeys", Index: 1, Err: errors.New("not a key")}, exitUsage, "rollcall: --jwt-public-key, value 2: not a key\n"},
		{&auth.ConfigError{Field: "Leeway", Index: -1, Err: errors.New("1h, want less")}, exitUsage, "rollcall: --jwt-leeway: 1h, want less\n"},
	} {
		s := shell{serveErr: tt.err}
		if code := s.run("serve", "--jwt-secret", "s"); code != tt.code || s.stderr.String() != tt.want {
			t.Errorf("%v: exit %d, stderr %q; want %d, %q", tt.err, code, s.stderr.String(), tt.code, tt.want)
		}
	}
}

// No text that may be a secret comes out, whatever is wrong with it or beside it.
func TestSecretsNeverShow(t *testing.T) {
	const sesame = "c2VzYW1l" // no gossip key, for it is too short
	file := write(t, "secret.yaml", "jwt-secret: "+sesame+"\njwt-secret: "+sesame+"\n")
	nested := write(t, "nested.yaml", "gossip-key: {"+sesame+": "+sesame+"}\n")
	broken := write(t, "broken.yaml", "admin-key: "+sesame+": "+sesame+"\n")
	anchor := write(t, "anchor.yaml", "jwt-secret: *"+sesame+"\n")
	for _, args := range [][]string{
		{"serve", "--config", anchor},
		{"serve", "--gossip-key", sesame},
		{"serve", "--gossip-key", sesame + "!"},
		{"serve", "--jwt-secret", sesame, "--interval", "1ms"},
		{"serve", "--jwt-secret", "-" + sesame},
		{"serve", "--jwt-secret", "--" + sesame},
		{"serve", "--jwt-secret", sesame, "--admin-key", sesame + "é"},
		{"serve", "--config", file},
		{"serve", "--config", nested},
		{"serve", "--config", broken},
		{"token", "--secret", sesame, "--secret", sesame, "--user", "a"},
		{"token", "--secret", sesame, "--user", "a", "--profile", "{"},
		{"watch", "--token", sesame, "--url", "x", "room"},
		{"watch", "--url", "ws://h/?access_token=" + sesame, "room"},
		{"watch", "--url", "ws://u:" + sesame + "@h", "room"},
	} {
		s := shell{}
		code := s.run(args...)
		if code != exitUsage {
			t.Errorf("%v: exit %d, want 2", args, code)
		}
		if all := s.stdout.String() + s.stderr.String(); strings.Contains(all, sesame) {
			t.Errorf("%v shows the secret: %s", args, all)
		}
	}
	s := shell{env: map[string]string{"ROLLCALL_GOSSIP_KEY": sesame}}
	if code := s.run("serve"); code != exitUsage || strings.Contains(s.stderr.String(), sesame) {
		t.Errorf("exit %d, stderr %q", code, s.stderr.String())
	}
}
