package socket

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// poller watches sockets that nobody reads, and has them read once there is something to
// read: so an idle socket needs no goroutine. It has a goroutine of its own while it
// watches any.
//
// It is an epoll of its own, in which each socket is armed for one event (EPOLLONESHOT).
// To arm it is to ask again whether it can be read, so nothing is missed that came before.
// The goroutine does not block in epoll_wait, for which it would hold a thread: an epoll can itself be
// polled, and is by Go's runtime.
//
// Its methods may be called concurrently.
type poller struct {
	mu     sync.Mutex
	users  int      // sockets that may park
	file   *os.File // the epoll; nil without users
	raw    syscall.RawConn
	places []place // by file descriptor
}

// place is a file descriptor's in a poller.
type place struct {
	parked *Socket // nil: its socket is being read
	turn   int32   // grows with each parking, so that an event of a former one is known
}

// join lets a socket park from now on, until leave.
func (p *poller) join() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == 0 {
		if err := p.open(); err != nil {
			return err
		}
	}
	p.users++
	return nil
}

// open makes the epoll and its goroutine. mu is held.
func (p *poller) open() error {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("socket: epoll_create1: %w", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // has os.NewFile hand it to the runtime
		syscall.Close(fd)
		return fmt.Errorf("socket: fcntl of an epoll: %w", err)
	}
	return p.watch(os.NewFile(uintptr(fd), "epoll"))
}

// watch starts the goroutine for an epoll, which is closed if that cannot be: without the runtime's
// help nobody would hear of an event. mu is held.
func (p *poller) watch(epoll *os.File) error {
	raw, err := epoll.SyscallConn()
	if err == nil {
		err = epoll.SetReadDeadline(time.Time{}) // tells whether the runtime polls it
	}
	if err != nil {
		epoll.Close()
		return fmt.Errorf("socket: epoll: %w", err)
	}
	p.file, p.raw = epoll, raw
	go p.run(raw)
	return nil
}

// leave ends what join began.
func (p *poller) leave() {
	p.mu.Lock()
	var over *os.File
	if p.users--; p.users == 0 {
		over = p.file
		p.file, p.raw, p.places = nil, nil, nil
	}
	p.mu.Unlock()
	if over != nil {
		over.Close() // waits for run, which may wait for mu
	}
}

// park has [Socket.read] called once a socket can be read, perhaps before park returns. The caller is
// who reads it now, and does so no more. False: the connection is closed, or cannot be watched.
func (p *poller) park(s *Socket) bool {
	var err error
	if broken := s.wire.direct.Control(func(fd uintptr) { err = p.arm(int(fd), s) }); broken != nil || err != nil {
		return false
	}
	return true
}

// arm watches a file descriptor, which cannot be closed meanwhile.
func (p *poller) arm(fd int, s *Socket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.places) <= fd {
		p.places = append(p.places, place{})
	}
	at := &p.places[fd]
	if at.parked != nil {
		go at.parked.read() // was closed, so that the number is free, and is not woken yet
	}
	at.parked = s
	at.turn++
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: int32(fd), Pad: at.turn}
	op := syscall.EPOLL_CTL_MOD
	if s.place < 0 {
		op = syscall.EPOLL_CTL_ADD
	}
	err := p.control(op, fd, &event)
	if err != nil {
		at.parked = nil
		return err
	}
	s.place = fd
	return nil
}

// control changes what is watched. mu is held, so the epoll is open.
func (p *poller) control(op, fd int, event *syscall.EpollEvent) (err error) {
	broken := p.raw.Control(func(epoll uintptr) { err = syscall.EpollCtl(int(epoll), op, fd, event) })
	if broken != nil {
		return broken
	}
	return err
}

// wake has a socket read that is parked, to learn that its connection was closed:
// a closed file descriptor makes no event.
func (p *poller) wake(s *Socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.place >= 0 && s.place < len(p.places) && p.places[s.place].parked == s {
		p.places[s.place].parked = nil
		go s.read()
	}
}

// run has those read that can be, until the epoll is closed.
func (p *poller) run(raw syscall.RawConn) {
	events := make([]syscall.EpollEvent, 256)
	_ = raw.Read(func(epoll uintptr) bool {
		for {
			n, err := syscall.EpollWait(int(epoll), events, 0)
			if n == 0 || err != nil && err != syscall.EINTR {
				return false // the runtime waits
			}
			p.ready(events[:max(n, 0)])
		}
	})
}

// ready has the sockets of events read.
func (p *poller) ready(events []syscall.EpollEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range events {
		fd := int(events[i].Fd)
		if fd >= len(p.places) || p.places[fd].parked == nil || p.places[fd].turn != events[i].Pad {
			continue // of a socket that is being read, or gone
		}
		s := p.places[fd].parked
		p.places[fd].parked = nil
		go s.read()
	}
}
