package memnet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const addrA, addrB = "10.0.0.1:7946", "10.0.0.2:7946"

func pair(t *testing.T) (n *Network, a, b *Host) {
	t.Helper()
	n = New(1)
	for addr, h := range map[string]**Host{addrA: &a, addrB: &b} {
		var err error
		if *h, err = n.Host(addr); err != nil {
			t.Fatal(err)
		}
	}
	return n, a, b
}

// connect returns both ends of a stream from a to b.
func connect(t *testing.T, a, b *Host) (out, in net.Conn) {
	t.Helper()
	out, err := a.DialTimeout(b.addr.String(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return out, <-b.StreamCh()
}

func TestPacketsAreLostAtTheGivenRate(t *testing.T) {
	n, a, b := pair(t)
	n.Lose(0.3)
	got := 0
	for range 1000 {
		if _, err := a.WriteTo([]byte("x"), addrB); err != nil {
			t.Fatal(err)
		}
		select {
		case p := <-b.PacketCh():
			got++
			if p.From.String() != addrA {
				t.Fatalf("packet from %s, want %s", p.From, addrA)
			}
		default:
		}
	}
	if got < 650 || got > 750 {
		t.Errorf("%d of 1000 packets arrived at 30%% loss", got)
	}
}

func TestCutHoldsOneDirectionUntilHealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t)
		out, in := connect(t, a, b)
		defer out.Close()
		defer in.Close()
		n.Cut(addrA, addrB)

		if _, err := out.Write([]byte("held")); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 16)
		_ = in.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := in.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read over a cut gave %v, want a timeout", err)
		}
		if _, err := in.Write([]byte("back")); err != nil {
			t.Fatal(err)
		}
		if m, err := out.Read(buf); err != nil || string(buf[:m]) != "back" {
			t.Errorf("the other direction gave %q, %v", buf[:m], err)
		}
		if _, err := a.DialTimeout(addrB, time.Second); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("dial over a cut gave %v, want a timeout", err)
		}

		_ = in.SetReadDeadline(time.Time{})
		n.Heal(addrA, addrB)
		if m, err := in.Read(buf); err != nil || string(buf[:m]) != "held" {
			t.Errorf("after healing: %q, %v", buf[:m], err)
		}
	})
}

func TestWriterWaitsForItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := pair(t)
		out, in := connect(t, a, b)
		defer out.Close()
		defer in.Close()
		sent := bytes.Repeat([]byte("0123456789"), window/4)
		_ = out.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := out.Write(sent)
		if n != window || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("unread, %d bytes were taken with %v, want %d and a timeout", n, err, window)
		}
		_ = out.SetWriteDeadline(time.Time{})
		go func() {
			_, _ = out.Write(sent[n:])
			_ = out.Close()
		}()
		got, err := io.ReadAll(in)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("read %d bytes and %v, want %d", len(got), err, len(sent))
		}
	})
}

func TestCloseWakesBothEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t)
		out, in := connect(t, a, b)
		go func() {
			time.Sleep(time.Second)
			_ = out.Close()
		}()
		if _, err := in.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the far end reads %v, want EOF", err)
		}
		if _, err := out.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the closed end reads %v", err)
		}
		if _, err := in.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("writing to a closed end gave %v", err)
		}
		_ = in.Close()
		if len(n.flows) != 0 {
			t.Errorf("%d directions are remembered", len(n.flows))
		}
	})
}

func TestNobodyThereRefuses(t *testing.T) {
	_, a, b := pair(t)
	if err := b.Shutdown(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.DialContext(context.Background(), addrB); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial gave %v, want refused", err)
	}
}
