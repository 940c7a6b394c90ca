package load

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// poller reads many sockets in one goroutine with one buffer: for each that has something,
// one system call.
type poller struct {
	epoll int
	ended atomic.Bool
	done  chan struct{}

	mu   sync.Mutex // guards byFD
	byFD []*socket  // nil: none of ours
}

const (
	pollBatch  = 256       // sockets with something to read that are looked at together
	pollBuffer = 256 << 10 // bytes
	pollWait   = 25        // milliseconds until it is seen at the latest that the poller was ended
)

// newPoller returns nil if the system has none to give.
func newPoller() *poller {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	p := &poller{epoll: epoll, done: make(chan struct{})}
	go p.run()
	return p
}

func (p *poller) end() {
	p.ended.Store(true)
	<-p.done
	syscall.Close(p.epoll)
}

// add takes a socket over from Go's own poller, which would be woken for each frame, too.
// False: it stays as it is.
func (p *poller) add(s *socket) bool {
	tcp, ok := s.conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	fd := -1
	_ = raw.Control(func(old uintptr) { // fd stays -1 then
		fd, err = syscall.Dup(int(old))
	})
	if fd < 0 || err != nil {
		return false
	}
	syscall.CloseOnExec(fd)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn.Close() // this number of it
	s.conn, s.fd = nil, fd
	p.mu.Lock()
	for len(p.byFD) <= fd {
		p.byFD = append(p.byFD, nil)
	}
	p.byFD[fd] = s
	p.mu.Unlock()
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP, Fd: int32(fd)}
	_ = syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, &event) // fails only without memory, and then the client is silent
	return true
}

// mute reads no more from a socket, which stays open.
func (p *poller) mute(fd int) {
	_ = syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_DEL, fd, nil)
}

// remove closes a socket by a reset, so that its port is free again at once.
func (p *poller) remove(fd int) {
	p.mu.Lock()
	p.byFD[fd] = nil
	p.mu.Unlock()
	_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	syscall.Close(fd)
}

// write does not wait: what clients say is short, and only a server that reads nothing has no
// room for it.
func (p *poller) write(fd int, data []byte) error {
	n, err := syscall.Write(fd, data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	if err == syscall.EAGAIN {
		err = errors.New("the server does not read")
	}
	return err
}

func (p *poller) run() {
	defer close(p.done)
	events := make([]syscall.EpollEvent, pollBatch)
	ready := make([]*socket, pollBatch)
	buf := make([]byte, pollBuffer)
	for !p.ended.Load() {
		n, err := syscall.EpollWait(p.epoll, events, pollWait)
		if err != nil && err != syscall.EINTR {
			panic(err) // the arguments are wrong, which no input can cause
		}
		p.mu.Lock()
		for i := range max(n, 0) {
			ready[i] = p.byFD[events[i].Fd]
		}
		p.mu.Unlock()
		for _, s := range ready[:max(n, 0)] {
			if s != nil {
				s.poll(buf)
			}
		}
	}
}

// poll reads what there is, once: if more is there, the socket comes again.
func (s *socket) poll(buf []byte) {
	s.mu.Lock()
	if s.fd < 0 || s.muted.Load() { // since it was found ready
		s.mu.Unlock()
		return
	}
	n, err := syscall.Read(s.fd, buf)
	s.mu.Unlock()
	at := time.Now()
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return
	case err == nil && n == 0:
		err = io.EOF
	case err == nil:
		err = s.feed(at, buf[:n])
	}
	if err != nil {
		s.fail(err)
	}
}
