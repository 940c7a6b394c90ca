package mesh

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// memberlist's lines may come in floods, one for each datagram of a stranger.
const (
	linesPerSecond = 5
	linesAtOnce    = 50
)

// lines turns memberlist's log into the node's.
type lines struct {
	ctx    context.Context // ends when the mesh stops
	logger *slog.Logger
	limit  *rate.Limiter
	count  *counters
}

// memberlistLog returns the log that memberlist is given, until ctx ends with the
// mesh. What memberlist finds wrong after that is that its sockets are closed.
func memberlistLog(ctx context.Context, logger *slog.Logger, count *counters) *log.Logger {
	return log.New(lines{ctx, logger, rate.NewLimiter(linesPerSecond, linesAtOnce), count}, "", 0)
}

// memberlistLevels are slog's levels for memberlist's. Its errors are weather:
// a peer that does not answer is no fault of this node.
var memberlistLevels = []struct {
	prefix string
	level  slog.Level
}{
	{"[DEBUG]", slog.LevelDebug},
	{"[INFO]", slog.LevelInfo},
	{"[WARN]", slog.LevelWarn},
	{"[ERR]", slog.LevelWarn},
	{"[ERROR]", slog.LevelWarn},
}

// Write takes one line. It never fails.
func (l lines) Write(line []byte) (int, error) {
	msg, level := strings.TrimSpace(string(line)), slog.LevelInfo
	for _, m := range memberlistLevels {
		if rest, ok := strings.CutPrefix(msg, m.prefix); ok {
			msg, level = strings.TrimSpace(rest), m.level
			break
		}
	}
	if l.ctx.Err() != nil {
		level = slog.LevelDebug
	}
	if level >= slog.LevelWarn { // whether or not anybody reads it: nothing else counts what memberlist drops
		l.count.complaints.Add(1)
	}
	msg = strings.TrimPrefix(msg, "memberlist: ")
	if !l.logger.Enabled(context.Background(), level) {
		return len(line), nil
	}
	if !l.limit.Allow() {
		l.count.logsDropped.Add(1)
		return len(line), nil
	}
	l.logger.Log(context.Background(), level, "memberlist: "+msg)
	return len(line), nil
}

const (
	// hushed is how long nothing more is said of a peer once something was.
	hushed = time.Minute

	// maxHushed bounds the peers that are remembered for that.
	maxHushed = 1024
)

// hush lets one line a minute through for each peer.
type hush struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (h *hush) allow(peer string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if said, ok := h.last[peer]; ok && now.Sub(said) < hushed {
		return false
	}
	if len(h.last) >= maxHushed {
		for p, said := range h.last {
			if now.Sub(said) >= hushed {
				delete(h.last, p)
			}
		}
		if len(h.last) >= maxHushed {
			return false
		}
	}
	if h.last == nil {
		h.last = map[string]time.Time{}
	}
	h.last[peer] = now
	return true
}

// warn logs what people should see to, at most once a minute for each peer.
func (m *Mesh) warn(peer, msg string) {
	if !m.hush.allow(peer, time.Now()) {
		m.count.logsDropped.Add(1)
		return
	}
	m.cfg.Logger.Warn(msg)
}

// complain logs what went wrong with a peer: wrong keys and broken protocol as
// warnings, the rest is weather.
func (m *Mesh) complain(peer string, err error) {
	switch {
	case errors.Is(err, ErrDiffers):
		m.count.refused.Add(1)
		m.warn(peer, fmt.Sprintf("peer %s: %v", peer, ErrDiffers))
	case errors.Is(err, errBroken):
		m.count.broken.Add(1)
		m.warn(peer, fmt.Sprintf("peer %s: %v", peer, err))
	default:
		m.cfg.Logger.Debug(fmt.Sprintf("peer %s: %v", peer, err))
	}
}
