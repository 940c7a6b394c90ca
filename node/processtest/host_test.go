//go:build unix

package processtest

import (
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

var onHosts = flag.Bool("hosts", false, "also run what needs hosts of its own, as root in a network namespace made for it: see scripts/faults")

// host is a network namespace that plays a machine: with an address of its own, on a
// bridge that joins all of them with this process.
type host struct {
	t         *testing.T
	namespace string
	address   string
}

// newHosts makes that many hosts, for as long as the test runs.
func newHosts(t *testing.T, count int) (hosts []*host) {
	t.Helper()
	if !*onHosts {
		t.Skip("needs hosts of its own; run scripts/faults")
	}
	system(t, "ip", "link", "set", "lo", "up")
	system(t, "ip", "link", "add", "cable", "type", "bridge")
	t.Cleanup(func() { system(t, "ip", "link", "delete", "cable") })
	system(t, "ip", "address", "add", "10.213.0.1/24", "dev", "cable")
	system(t, "ip", "link", "set", "cable", "up")
	for i := range count {
		h := &host{t, fmt.Sprint("rollcall-", i), fmt.Sprint("10.213.0.", 10+i)}
		port := fmt.Sprint("port", i)
		system(t, "ip", "netns", "add", h.namespace)
		t.Cleanup(func() { system(t, "ip", "netns", "delete", h.namespace) })
		system(t, "ip", "link", "add", port, "master", "cable", "type", "veth", "peer", "name", "eth0", "netns", h.namespace)
		t.Cleanup(func() { system(t, "ip", "link", "delete", port) }) // or it stays for as long as it likes
		system(t, "ip", "link", "set", port, "up")
		h.run("ip", "address", "add", h.address+"/24", "dev", "eth0")
		h.run("ip", "link", "set", "eth0", "up")
		h.run("ip", "link", "set", "lo", "up")
		hosts = append(hosts, h)
	}
	return hosts
}

// system runs a command of the system.
func system(t *testing.T, command ...string) {
	t.Helper()
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(command, " "), err, out)
	}
}

// enter returns what runs a command on the host.
func (h *host) enter() []string { return []string{"ip", "netns", "exec", h.namespace} }

func (h *host) run(command ...string) {
	h.t.Helper()
	system(h.t, append(h.enter(), command...)...)
}

// house gives a process its place on the host.
func (h *host) house(p *process) {
	p.enter = h.enter()
	p.listen, p.admin, p.gossip = h.address+":8080", h.address+":9090", h.address+":7946"
}

// deaf has nothing arrive any more that others send, until it is undone.
func (h *host) deaf(to ...*host) (undo func()) {
	h.t.Helper()
	return h.drop(to)
}

// losing has some of what others send get lost, until it is undone.
func (h *host) losing(part float64, of ...*host) (undo func()) {
	h.t.Helper()
	return h.drop(of, "-m", "statistic", "--mode", "random", "--probability", fmt.Sprint(part))
}

// drop has what others send dropped, of which a rule may choose some.
func (h *host) drop(from []*host, rule ...string) (undo func()) {
	h.t.Helper()
	each := func(action string) {
		for _, o := range from {
			if o != h {
				h.run(append([]string{"iptables", "-w", action, "INPUT", "-s", o.address, "-j", "DROP"}, rule...)...)
			}
		}
	}
	each("-A")
	return func() { each("-D") }
}

// sever cuts hosts off from others, both ways, until it is undone.
func sever(some, others []*host) (undo func()) {
	var undoes []func()
	for _, h := range some {
		undoes = append(undoes, h.deaf(others...))
	}
	for _, h := range others {
		undoes = append(undoes, h.deaf(some...))
	}
	return func() {
		for _, undo := range undoes {
			undo()
		}
	}
}
