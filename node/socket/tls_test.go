package socket

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// secure returns both ends of a TLS connection in memory.
func secure(t *testing.T) (near, far *tls.Conn) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a, b := net.Pipe()
	near = tls.Server(a, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, SessionTicketsDisabled: true})
	far = tls.Client(b, &tls.Config{InsecureSkipVerify: true})
	shaken := make(chan error, 1)
	go func() { shaken <- near.Handshake() }()
	if err := far.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return near, far
}

// A TLS connection that is closed writes a farewell first, and waits for room.
func TestStuckReaderOverTLSIsCutAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := NewAcceptor(Config{WriteTimeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		near, far := secure(t)
		go func() { // reads the answer to the upgrade, and nothing else
			_, _ = far.Read(make([]byte, 4<<10))
		}()
		s, err := a.Accept(upgradable{httptest.NewRecorder(), near}, upgrade())
		if err != nil {
			t.Fatal(err)
		}
		h := new(recorder)
		s.Start(h)
		began := time.Now()
		for !h.over() && time.Since(began) < time.Minute {
			s.Send(kilo())
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
		}
		if took := time.Since(began); took < 10*time.Second || took > 10*time.Second+50*time.Millisecond {
			t.Errorf("over after %v, want the 10s of a write", took)
		}
		far.NetConn().Close()
	})
}
