//go:build unix

package deploy

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a node that runs as its pod would, but on loopback.
type process struct {
	*exec.Cmd
	addresses
}

// addresses are what a node logs when it is up.
type addresses struct{ Listen, Admin, Gossip string }

// What is in the manifests works: nodes take these arguments and settings, find each other and answer their
// probes and Prometheus, and end well when they are told to.
func TestPodsFormACluster(t *testing.T) {
	p, c := podOf(t)
	run := command(t)
	files := mount(t, p)
	var pods []process
	for _, name := range []string{"rollcall-1", "rollcall-2", "rollcall-3"} {
		pods = append(pods, start(t, exec.CommandContext(t.Context(), run, localArgs(c, name, files, pods)...)))
	}
	key := strings.TrimSpace(string(content(t, filepath.Join(files, "keys/admin.key"))))
	for _, pod := range pods {
		await(t, "", "http://"+pod.Listen+"/readyz", "ok")
		for _, probe := range []probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
			address := map[string]string{"http": pod.Listen, "admin": pod.Admin}[probe.HTTPGet.Port]
			await(t, "", "http://"+address+probe.HTTPGet.Path, "ok")
		}
		await(t, key, "http://"+pod.Admin+"/metrics", "\nrollcall_gossip_nodes 3\n")
	}
	for _, pod := range pods {
		if err := pod.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	for _, pod := range pods {
		if err := pod.Wait(); err != nil {
			t.Errorf("%s: %v", pod.Args, err)
		}
	}
}

// command builds rollcall, as the tests of processes do, so that this takes no time once that is done.
func command(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rollcall")
	args := []string{"build", "-o", path}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" {
				args = append(args, "-race="+s.Value)
			}
		}
	}
	if out, err := exec.Command("go", append(args, "../../cmd/rollcall")...).CombinedOutput(); err != nil {
		t.Fatalf("build cmd/rollcall: %v\n%s", err, out)
	}
	return path
}

// inPod is where the pods find their files.
const inPod = "/etc/rollcall"

// mount makes the files that Kubernetes would mount, and returns what stands for inPod.
func mount(t *testing.T, p pod) string {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"admin.key", "gossip.key", "jwt.secret"} {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		write("keys/"+name, base64.StdEncoding.EncodeToString(key)+"\n")
	}
	base := string(content(t, filepath.Join(kubernetes, "base/rollcall.yaml")))
	write("config/rollcall.yaml", strings.ReplaceAll(base, inPod, root))
	return root
}

// localArgs returns the pod's arguments with addresses on loopback, where the system chooses the ports, and
// the pods that there are in place of the name that stands for them.
func localArgs(c container, name, files string, pods []process) (args []string) {
	local := strings.NewReplacer("$(POD_NAME)", name, "$(POD_IP)", "127.0.0.1", inPod, files)
	for _, arg := range c.Args {
		flag, value, _ := strings.Cut(arg, "=")
		switch flag {
		case "--listen", "--admin", "--gossip":
			args = append(args, flag+"="+net.JoinHostPort("127.0.0.1", "0"))
		case "--join":
			for _, pod := range pods {
				args = append(args, flag+"="+pod.Gossip)
			}
		case "serve":
			args = append(args, arg)
		default:
			args = append(args, flag+"="+local.Replace(value))
		}
	}
	return args
}

// start starts a node and returns when it is up.
func start(t *testing.T, cmd *exec.Cmd) process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	over := make(chan struct{})
	up := make(chan addresses, 1)
	go func() {
		defer close(over)
		readLog(t, r, up)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended, unless the test failed
		<-over
		r.Close()
	})
	select {
	case at := <-up:
		return process{cmd, at}
	case <-over:
		t.Fatalf("%s has ended", cmd.Args)
	case <-time.After(patience):
		t.Fatalf("%s does not begin", cmd.Args)
	}
	panic("unreachable")
}

// readLog reads a log to its end, and tells the addresses of a node that is up.
func readLog(t *testing.T, r io.Reader, up chan<- addresses) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line := bytes.TrimSpace(lines.Bytes())
		var said struct {
			Msg string
			addresses
		}
		if err := json.Unmarshal(line, &said); err != nil {
			t.Logf("%s", line)
		} else if said.Msg == "node is up" {
			up <- said.addresses
		}
	}
}

// await asks until the answer is 200 and holds a text.
func await(t *testing.T, key, url, want string) {
	t.Helper()
	for late := time.Now().Add(patience); ; {
		status, text := askWith(t, key, url)
		if status == http.StatusOK && strings.Contains(text, want) {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("%s: %d, and not %q", url, status, want)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func askWith(t *testing.T, key, url string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
