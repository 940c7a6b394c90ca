package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency is how long something took, each time it happened, to three digits.
type Latency struct {
	Count int64   `json:"count"`
	Min   float64 `json:"min_ms"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

// longestLatency is the longest that is told apart: beyond it, all counts as this.
const longestLatency = 10 * time.Minute

// stopwatch gathers latencies. It may be used concurrently.
type stopwatch struct {
	mu        sync.Mutex
	histogram *hdrhistogram.Histogram // in microseconds
}

func newStopwatch() *stopwatch {
	return &stopwatch{histogram: hdrhistogram.New(1, longestLatency.Microseconds(), 3)}
}

func (s *stopwatch) add(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.histogram.RecordValue(min(max(took, 0), longestLatency).Microseconds()) // within its bounds
}

func (s *stopwatch) count() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.histogram.TotalCount()
}

func (s *stopwatch) latency() Latency {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.histogram
	if h.TotalCount() == 0 {
		return Latency{}
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e3 }
	return Latency{Count: h.TotalCount(), Min: float64(h.Min()) / 1e3, P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1e3}
}
