package load

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// maxUpgrade bounds the answer to the upgrade request, in bytes.
const maxUpgrade = 16 << 10

// dial opens a TCP connection and asks for a WebSocket on it. first is what the server sent
// right behind its answer.
func dial(ctx context.Context, address string, header http.Header) (conn net.Conn, first []byte, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil, fmt.Errorf("dial: %w", err)
	}
	to, err := dialHost(ctx, u)
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		err = fmt.Errorf("%w: this machine has no port left for one more client of this address", err)
	}
	if err != nil {
		return nil, nil, err
	}
	broken := context.AfterFunc(ctx, func() { to.SetDeadline(time.Unix(1, 0)) })
	first, err = upgrade(to, u, header)
	if !broken() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		to.Close()
		return nil, nil, fmt.Errorf("upgrade at %s: %w", u.Host, err)
	}
	return to, first, nil
}

func dialHost(ctx context.Context, u *url.URL) (net.Conn, error) {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "wss":
		port = "443"
	default:
		port = "80"
	}
	host := net.JoinHostPort(u.Hostname(), port)
	if u.Scheme == "wss" {
		return new(tls.Dialer).DialContext(ctx, "tcp", host)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", host)
}

// upgrade asks for a WebSocket and reads the answer.
func upgrade(conn net.Conn, u *url.URL, header http.Header) (first []byte, err error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	key := base64.StdEncoding.EncodeToString(random[:])
	var request bytes.Buffer
	fmt.Fprintf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nUser-Agent: rollcall-load\r\n", u.RequestURI(), u.Host, key)
	_ = header.Write(&request) // a buffer takes all
	request.WriteString("\r\n")
	if _, err := conn.Write(request.Bytes()); err != nil {
		return nil, err
	}
	answer, first, err := readAnswer(conn)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	want := base64.StdEncoding.EncodeToString(sum[:])
	if answer.StatusCode != http.StatusSwitchingProtocols || answer.Header.Get("Sec-WebSocket-Accept") != want {
		return nil, fmt.Errorf("it was answered %s, want a WebSocket", answer.Status)
	}
	if e := answer.Header.Get("Sec-WebSocket-Extensions"); e != "" {
		return nil, fmt.Errorf("the server uses extensions that nobody asked for: %s", e)
	}
	return first, nil
}

// readAnswer reads up to the end of a head, and maybe more: what is behind it.
func readAnswer(conn net.Conn) (answer *http.Response, first []byte, err error) {
	buf := make([]byte, 0, 1024)
	for {
		n, err := conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if head, rest, ok := bytes.Cut(buf, []byte("\r\n\r\n")); ok {
			answer, err := http.ReadResponse(bufio.NewReaderSize(strings.NewReader(string(head)+"\r\n\r\n"), len(head)), nil)
			return answer, bytes.Clone(rest), err
		}
		if err != nil {
			return nil, nil, err
		}
		if len(buf) > maxUpgrade {
			return nil, nil, fmt.Errorf("the answer has more than %d bytes", maxUpgrade)
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
	}
}
