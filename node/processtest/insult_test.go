//go:build unix

package processtest

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// insult is something that no client and no node sends.
type insult struct {
	name    string
	packet  bool   // a datagram, or else a connection
	data    []byte // sent at once
	hold    bool   // the connection stays open and silent, for the other side to end
	counter string // that grows; empty: none does
}

func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.Read(data) // never fails
	return data
}

// after returns noise that begins with some bytes.
func after(begin ...byte) []byte { return append(begin, noise(200)...) }

// label returns what begins memberlist's packets and streams in the cluster.
func label(name string) []byte { return append([]byte{244, byte(len(name))}, name...) }

// huge returns a big-endian length that no message has.
func huge() []byte { return binary.BigEndian.AppendUint32(nil, 1<<32-1) }

// hello returns the first flight of a TLS client.
func hello() []byte {
	ours, theirs := net.Pipe()
	go func() {
		_ = tls.Client(ours, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"rollcall-gossip/1"}}).Handshake()
	}()
	defer ours.Close()
	defer theirs.Close()
	flight := make([]byte, 4<<10)
	n, _ := theirs.Read(flight)
	return flight[:n]
}

// send sends the insult and waits until the other side has closed.
func (i insult) send(addr string) error {
	network := "tcp"
	if i.packet {
		network = "udp"
	}
	conn, err := net.Dial(network, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write(i.data); err != nil && !i.packet {
		return nil // closed on us already, which is an answer
	}
	if i.packet {
		return nil
	}
	if stream, ok := conn.(*net.TCPConn); ok && !i.hold {
		_ = stream.CloseWrite() // an error says that it is closed already
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
		return fmt.Errorf("%s: not closed within %v", i.name, patience)
	}
	return nil
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

const (
	garbage    = "rollcall_mesh_garbage_total"
	refused    = "rollcall_mesh_refused_total"
	complaints = "rollcall_mesh_complaints_total"
)

// gossipInsults are for the gossip port of a cluster called rollcall.
func gossipInsults() []insult {
	member := label("rollcall")
	all := []insult{
		{name: "a connection that says nothing", hold: true, counter: garbage},
		{name: "noise", data: after(0xff), counter: garbage},
		{name: "HTTP", data: []byte("GET / HTTP/1.1\r\n\r\n"), counter: garbage},
		{name: "a plain stream", data: after('R', 'L', 'C', '1'), counter: refused},
		{name: "a TLS hello without a certificate", data: hello(), counter: garbage},
		{name: "half a TLS hello", data: hello()[:40], hold: true, counter: garbage},
		{name: "TLS noise", data: after(22, 3, 1), counter: garbage},
		{name: "a TLS record of 65535 bytes", data: after(22, 3, 1, 0xff, 0xff), counter: garbage},
		{name: "memberlist noise without a label", data: after(10), counter: complaints},
		{name: "memberlist noise with a foreign label", data: append(label("other"), noise(200)...), counter: complaints},
		{name: "memberlist noise with our label", data: append(member, noise(200)...), counter: complaints},
		{name: "memberlist ciphertext of 4 GiB", data: bytes.Join([][]byte{member, {10}, huge(), noise(200)}, nil), counter: complaints},
		{name: "memberlist push and pull in plain text", data: bytes.Join([][]byte{member, {6}, noise(200)}, nil), counter: complaints},
		{name: "half a memberlist label", data: member[:4], hold: true, counter: complaints},
	}
	for _, data := range [][]byte{{}, {0}, noise(1), noise(100), noise(1400), noise(60_000), append(member, noise(100)...), append(member, 0, 0), label("other"), {244, 255}} {
		all = append(all, insult{name: fmt.Sprintf("a datagram of %d bytes: %.10x", len(data), data), packet: true, data: data, counter: complaints})
	}
	return all
}

// publicInsults are for the public port.
func publicInsults() []insult {
	upgrade := "GET /v1/connect HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	open := upgrade + "\r\n"
	return []insult{
		{name: "a connection that says nothing", hold: true},
		{name: "noise", data: noise(1000)},
		{name: "a TLS hello", data: hello()},
		{name: "half a request", data: []byte("GET /v1/conn"), hold: true},
		{name: "half a handshake", data: []byte(upgrade), hold: true},
		{name: "a handshake of another version", data: []byte(strings.Replace(open, "Version: 13", "Version: 99", 1))},
		{name: "a handshake without a key", data: []byte(strings.Replace(open, "Sec-WebSocket-Key", "X", 1))},
		{name: "headers without end", data: []byte(upgrade + "X: " + strings.Repeat("x", 1<<20) + "\r\n\r\n")},
		{name: "a body without end", data: []byte("GET /v1/connect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n"), hold: true},
		{name: "a socket that says no hello", data: []byte(open), hold: true},
		{name: "a socket of noise", data: append([]byte(open), noise(1000)...)},
		{name: "a frame without a mask", data: append([]byte(open), 0x81, 2, '{', '}'), hold: true},
		{name: "a frame of 8 EiB", data: append([]byte(open), 0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4), hold: true},
		{name: "a frame over the bound", data: append([]byte(open), maskedFrame(0x81, 100_000)...), hold: true, counter: "rollcall_socket_oversize_total"},
		{name: "a binary frame", data: append([]byte(open), maskedFrame(0x82, 100)...), hold: true},
		{name: "a text frame that is no JSON", data: append([]byte(open), maskedFrame(0x81, 100)...), hold: true, counter: "rollcall_node_refused_total"},
		{name: "a ping of 200 bytes", data: append([]byte(open), maskedFrame(0x89, 200)...), hold: true},
		{name: "a frame with reserved bits", data: append([]byte(open), maskedFrame(0xf1, 10)...), hold: true},
	}
}

// maskedFrame returns a frame of a client with n zero bytes, masked by zeros.
func maskedFrame(first byte, n int) []byte {
	head := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, uint64(n))
	return append(head, make([]byte, 4+n)...)
}
