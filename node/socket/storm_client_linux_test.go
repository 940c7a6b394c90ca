package socket

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// read checks all that comes to the client.
func (g *guest) read(r io.Reader) {
	for {
		first, text, err := readFrame(r)
		if err != nil {
			g.broke = err
			return
		}
		var n int64
		switch {
		case first == closing:
			g.code.Store(int64(binary.BigEndian.Uint16([]byte(text))))
			close(g.told)
			continue
		case first == pong:
			continue
		case strings.HasPrefix(text, "e"):
			n = g.echoes.Add(1) - 1
		case strings.HasPrefix(text, "p"):
			n = g.pushes.Add(1) - 1
		}
		if number, _, _ := strings.Cut(text[1:], " "); first != textFrame || number != strconv.FormatInt(n, 10) {
			g.t.Errorf("%d: frame %#x %.20q, want number %d", g.how, first, text, n)
			return
		}
		select {
		case g.came <- struct{}{}:
		default:
		}
	}
}

// next returns a message to be echoed.
func (g *guest) next(most int) string {
	g.sent++
	return fmt.Sprintf("e%d %s", g.sent-1, strings.Repeat("x", g.rng.IntN(most)))
}

// step sends something.
func (g *guest) step(conn net.Conn) {
	send := func(b ...[]byte) { _, _ = conn.Write(bytes.Join(b, nil)) }
	switch g.rng.IntN(7) {
	case 0:
		send(masked(textFrame, g.next(50)))
	case 1:
		send(masked(textFrame, g.next(9000)))
	case 2: // in fragments, with a ping between
		text := g.next(3000)
		cut := g.rng.IntN(len(text))
		send(masked(textFrame&^final, text[:cut]))
		send(masked(0x89, "ping"))
		send(masked(final, text[cut:]))
	case 3:
		send(masked(0x89, ""), masked(pong, "unasked"))
	case 4:
		send(masked(textFrame, g.next(50)), masked(textFrame, g.next(2000)), masked(textFrame, g.next(50)))
	case 5: // in two writes
		frame := masked(textFrame, g.next(300))
		cut := g.rng.IntN(len(frame))
		send(frame[:cut])
		send(frame[cut:])
	case 6: // so that the socket comes to rest
		g.settle()
	}
}

// settle waits until all is echoed, or the connection is over.
func (g *guest) settle() {
	for late := time.After(patience); g.echoes.Load() < g.sent; {
		select {
		case <-g.came:
		case <-g.told:
			return
		case <-g.over:
			return
		case <-late:
			g.t.Errorf("%d: %d of %d echoes after %v", g.how, g.echoes.Load(), g.sent, patience)
			return
		}
	}
}

// visit is the client's side, from the dial to the end.
func (g *guest) visit(address string, number int) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		g.t.Error(err)
		return
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	fmt.Fprintf(conn, "GET /%d HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", number)
	r := bufio.NewReader(conn)
	for line := ""; line != "\r\n"; {
		if line, err = r.ReadString('\n'); err != nil {
			return // was cut before that
		}
	}
	read := make(chan struct{})
	go func() { g.read(r); close(read) }()
	for range g.rng.IntN(12) {
		g.step(conn)
	}
	switch g.how {
	case byClose, byServer:
		g.settle()
	case byHalf:
		frame := masked(textFrame, "never to be whole")
		cut := 6 // the header, without which a message has not begun
		if g.rng.IntN(2) == 0 {
			cut = 1 + g.rng.IntN(len(frame)-1)
		}
		_, _ = conn.Write(frame[:cut])
	case byBinary:
		_, _ = conn.Write(masked(final|2, "binary"))
	case byOversize:
		_, _ = conn.Write(masked(textFrame, strings.Repeat("x", 20<<10)))
	}
	close(g.quiet)
	switch g.how {
	case byClose:
		_, _ = conn.Write(masked(closing, code(1000, "")))
		<-read
	case byServer, byBinary, byOversize:
		select {
		case <-g.told:
		case <-read:
		case <-time.After(patience):
			g.t.Errorf("%d: no close frame after %v", g.how, patience)
		}
		_, _ = conn.Write(masked(closing, code(uint16(g.code.Load()), "")))
		<-read
	case byRST:
		_ = conn.(*net.TCPConn).SetLinger(0)
	case bySilence, byWhim, byCut, byEverything:
		if g.how == byWhim { // answers the close frame, with an end
			_ = conn.(*net.TCPConn).CloseWrite()
		}
		<-read
	}
	conn.Close()
	<-read
}
