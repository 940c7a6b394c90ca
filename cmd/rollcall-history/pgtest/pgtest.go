//go:build unix

// Package pgtest runs a PostgreSQL server for tests, on loopback, with its files in
// the temporary folder.
package pgtest

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// startTime bounds how long a server may take to answer, also after a crash.
const startTime = 2 * time.Minute

// Server is a PostgreSQL server that starts with its first database. The zero value is
// ready to use; its methods may not be called concurrently.
type Server struct {
	once sync.Once
	err  error // why there is none

	bin, dir, port string
	as             *syscall.Credential // PostgreSQL refuses to be root
	process        *os.Process
	over           chan struct{} // closed when the process has ended
}

// Database returns the address of a new, empty database, which is gone with the
// server. The test is skipped where PostgreSQL is not installed.
func (s *Server) Database(t *testing.T) string {
	t.Helper()
	if s.once.Do(func() { s.err = s.make() }); errors.Is(s.err, errAbsent) {
		t.Skip(s.err)
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	name := fmt.Sprintf("test_%d", rand.Uint64())
	admin, err := sql.Open("pgx", s.address("postgres"))
	if err == nil {
		defer admin.Close()
		_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.address(name)
}

// Kill ends the server as kill -9 does. Its helpers see that and end as well.
func (s *Server) Kill() {
	_ = s.process.Kill()
	<-s.over
}

// Restart starts the server that was killed, on the same files and port. While helpers of
// the old one are still there PostgreSQL refuses to start, and is tried again.
func (s *Server) Restart() (err error) {
	for late := time.Now().Add(startTime); time.Now().Before(late); {
		if err = s.start(); err == nil {
			return nil
		}
	}
	return err
}

// Stop ends the server and deletes its files.
func (s *Server) Stop() {
	if s.process != nil {
		s.Kill()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

var errAbsent = errors.New("PostgreSQL is not installed")

// make makes the files of a server, and starts it.
func (s *Server) make() error {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian's, which is in no PATH
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return errAbsent
	}
	s.bin = filepath.Dir(found[len(found)-1])
	var err error
	if s.dir, err = os.MkdirTemp("", "rollcall-postgres"); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if s.as, err = credential("postgres"); err != nil {
			return err
		}
		if err := os.Chown(s.dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, s.port, _ = net.SplitHostPort(listener.Addr().String())
	listener.Close()
	if out, err := s.command("initdb", "--auth=trust", "--username=test", "--no-sync", "--pgdata", filepath.Join(s.dir, "data")).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s.start()
}

// start returns once the server answers, or has ended.
func (s *Server) start() error {
	var log bytes.Buffer
	process := s.command("postgres", "-D", filepath.Join(s.dir, "data"), "-p", s.port, "-h", "127.0.0.1", "-k", s.dir)
	process.Stdout, process.Stderr = &log, &log
	if err := process.Start(); err != nil {
		return err
	}
	over := make(chan struct{})
	go func() {
		_ = process.Wait()
		close(over)
	}()
	s.process, s.over = process.Process, over
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for late := time.After(startTime); ; {
		if err = db.Ping(); err == nil {
			return nil
		}
		select {
		case <-look.C:
			continue
		case <-late:
			s.Kill()
		case <-over:
		}
		return fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, log.String())
	}
}

func (s *Server) address(database string) string {
	return "postgres://test@127.0.0.1:" + s.port + "/" + database + "?sslmode=disable"
}

// command is one of PostgreSQL's, in a process group of its own.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir = s.dir
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.as}
	return c
}

func credential(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}
