package mesh

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// magic begins every stream. Its first byte tells the router a plain stream
// from memberlist's.
const magic = "RLC1"

// Both ends of a stream send the same greeting, the dialer first, so that each
// knows before the first frame that the other accepted it:
//
//	offset  size  field
//	0       4     magic
//	4       1     n, the length of the label, 1 to 255
//	5       n     the label, the cluster's name
func (id *identity) greeting() []byte {
	return append(append([]byte(magic), byte(len(id.label))), id.label...)
}

// dial opens the stream over a connection that this node has made. The error is
// [ErrDiffers] if the other side has another key or name. Whatever happens, conn
// is the caller's to close.
func (id *identity) dial(ctx context.Context, conn net.Conn, by time.Time) (net.Conn, error) {
	if err := conn.SetDeadline(by); err != nil {
		return nil, err
	}
	stream := conn
	if id.config != nil {
		client := tls.Client(conn, id.config)
		if err := client.HandshakeContext(ctx); err != nil {
			return nil, explain(err)
		}
		stream = client
	}
	_, sent := stream.Write(id.greeting())
	// Even if that failed: why the other side closed is still to be read.
	if err := explain(id.checkGreeting(stream)); err != nil {
		return nil, err
	}
	if sent != nil {
		return nil, sent
	}
	return stream, conn.SetDeadline(time.Time{})
}

// accept answers a dial. Its first byte was peeked and is still to be read.
func (id *identity) accept(ctx context.Context, conn net.Conn, by time.Time) (net.Conn, error) {
	if err := conn.SetDeadline(by); err != nil {
		return nil, err
	}
	stream := conn
	if id.config != nil {
		server := tls.Server(conn, id.config)
		if err := server.HandshakeContext(ctx); err != nil {
			if errors.Is(err, ErrDiffers) {
				linger(conn)
			}
			return nil, explain(err)
		}
		stream = server
	}
	if err := id.checkGreeting(stream); err != nil {
		if errors.Is(err, ErrDiffers) {
			_, _ = stream.Write(id.greeting()) // so that the other side sees it too
		}
		return nil, explain(err)
	}
	if _, err := stream.Write(id.greeting()); err != nil {
		return nil, explain(err)
	}
	return stream, conn.SetDeadline(time.Time{})
}

// checkGreeting reads the greeting of the other side and compares it with one's own.
func (id *identity) checkGreeting(r io.Reader) error {
	head := make([]byte, len(magic)+1, len(magic)+1+255)
	if _, err := io.ReadFull(r, head); err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}
	if string(head[:len(magic)]) != magic {
		return fmt.Errorf("greeting %q, want %q", head[:len(magic)], magic)
	}
	all := head[:len(head)+int(head[len(magic)])]
	if _, err := io.ReadFull(r, all[len(head):]); err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}
	if !bytes.Equal(all, id.greeting()) {
		return ErrDiffers
	}
	return nil
}

// alien answers whoever came with TLS where there is no key, or without it where
// there is one, in his own manner, so that he can say what is wrong. It is a
// courtesy: nothing depends on it, and the connection is closed next.
func alien(conn net.Conn, first byte, by time.Time) {
	_ = conn.SetDeadline(by)
	if first == firstTLS {
		_, _ = conn.Write([]byte{21, 3, 3, 0, 2, 2, 42}) // the TLS alert bad_certificate, fatal
	} else {
		_, _ = conn.Write([]byte(magic + "\x00")) // a greeting that belongs to no cluster
	}
	linger(conn)
}

// lingers bounds what is read from a connection that was refused, in bytes.
const lingers = 16 << 10

// linger reads until the other side has closed, or a deadline set before is
// over. A connection that is closed with bytes unread is reset, and the answer
// that was written last may be lost.
func linger(conn net.Conn) {
	_, _ = io.Copy(io.Discard, io.LimitReader(conn, lingers))
}
