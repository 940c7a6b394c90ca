package limit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// loop is one thread that does all: it waits for sockets, reads those that have something,
// and then writes what that changed.
type loop struct {
	hub     *hub
	poll    int                // of epoll
	sockets map[int32]*watched // by number
	buffer  []byte             // that all sockets are read into
}

// watched is one socket.
type watched struct {
	peer
	fd   int32
	rest []byte // of a frame that came in parts
	out  []byte // what did not fit into the socket
}

// serveEpoll runs the loop, which takes connections too.
func serveEpoll(ctx context.Context, l *net.TCPListener, secret []byte) error {
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make an epoll: %w", err)
	}
	defer syscall.Close(poll)
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	o := &loop{hub: newHub(secret), poll: poll, sockets: map[int32]*watched{}, buffer: make([]byte, 64<<10)}
	defer o.closeAll()
	var failed error
	err = raw.Control(func(fd uintptr) { failed = o.run(ctx, int32(fd)) })
	return errors.Join(err, failed)
}

// pace is how long the loop waits at most, to see whether it is to end.
const pace = 200 * time.Millisecond

func (o *loop) run(ctx context.Context, listener int32) error {
	if err := o.watch(syscall.EPOLL_CTL_ADD, listener, syscall.EPOLLIN); err != nil {
		return err
	}
	events := make([]syscall.EpollEvent, 1024)
	next := time.Now().Add(interval)
	for ctx.Err() == nil {
		n, err := syscall.EpollWait(o.poll, events, int(pace.Milliseconds()))
		if err != nil && err != syscall.EINTR {
			return fmt.Errorf("wait for sockets: %w", err)
		}
		for _, e := range events[:max(0, n)] {
			if e.Fd == listener {
				o.accept(int(listener))
			} else if w := o.sockets[e.Fd]; w != nil {
				o.serve(w, e.Events)
			}
		}
		o.hub.flush()
		if now := time.Now(); now.After(next) {
			next = now.Add(interval)
			o.ping(now)
		}
	}
	return nil
}

func (o *loop) watch(operation int, fd int32, events uint32) error {
	err := syscall.EpollCtl(o.poll, operation, int(fd), &syscall.EpollEvent{Events: events, Fd: fd})
	if err != nil {
		return fmt.Errorf("watch a socket: %w", err)
	}
	return nil
}

// accept takes all who wait.
func (o *loop) accept(listener int) {
	for {
		fd, _, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		w := &watched{fd: int32(fd)}
		w.write = func(b []byte) { o.write(w, b) }
		if err := o.watch(syscall.EPOLL_CTL_ADD, w.fd, syscall.EPOLLIN); err != nil {
			syscall.Close(fd)
			continue
		}
		o.sockets[w.fd] = w
	}
}

func (o *loop) serve(w *watched, events uint32) {
	if events&syscall.EPOLLOUT != 0 {
		out := w.out
		w.out = nil
		if o.write(w, out); w.out == nil {
			_ = o.watch(syscall.EPOLL_CTL_MOD, w.fd, syscall.EPOLLIN)
		}
	}
	if events&^syscall.EPOLLOUT == 0 {
		return
	}
	n, err := syscall.Read(int(w.fd), o.buffer)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return
	}
	if n <= 0 || o.read(w, o.buffer[:n]) != nil {
		o.end(w)
	}
}

func (o *loop) read(w *watched, in []byte) error {
	if w.rest != nil {
		in = append(w.rest, in...)
		w.rest = nil
	}
	used, err := o.hub.read(&w.peer, in)
	if used < len(in) {
		w.rest = append([]byte(nil), in[used:]...)
	}
	return err
}

// write puts out what it can; the rest waits for the socket.
func (o *loop) write(w *watched, b []byte) {
	if w.out == nil {
		n, err := syscall.Write(int(w.fd), b)
		if err != nil && err != syscall.EAGAIN {
			return
		}
		if b = b[max(0, n):]; len(b) == 0 {
			return
		}
		_ = o.watch(syscall.EPOLL_CTL_MOD, w.fd, syscall.EPOLLIN|syscall.EPOLLOUT)
	}
	w.out = append(w.out, b...)
}

func (o *loop) end(w *watched) {
	delete(o.sockets, w.fd)
	syscall.Close(int(w.fd))
	w.write = func([]byte) {} // its number may soon be another's
	o.hub.post(event{from: &w.peer, kind: gone})
}

func (o *loop) ping(now time.Time) {
	framed := pingFrame(now)
	for _, w := range o.sockets {
		if w.welcomed.Load() {
			o.write(w, framed)
		}
	}
}

func (o *loop) closeAll() {
	for fd := range o.sockets {
		syscall.Close(int(fd))
	}
}
