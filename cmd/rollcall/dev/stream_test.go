package dev

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestStreamTellsEachChangeOnce(t *testing.T) {
	s := newStage(t, 2)
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { served <- s.server.Serve(ctx, s.cluster) }()
	answer, err := http.Get(s.server.URL() + "/api/cluster/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("it is %s", kind)
	}
	lines := bufio.NewScanner(answer.Body)
	next := func() (sight Sight) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &sight); err != nil {
					t.Fatal(err)
				}
				return sight
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return sight
	}
	if n := next().Nodes[1]; n.State != Running {
		t.Errorf("at first node-2 is %s", n.State)
	}
	s.want(200, "", "POST", "/api/nodes/node-2/pause", "")
	if n := next().Nodes[1]; n.State != Paused {
		t.Errorf("then node-2 is %s", n.State)
	}
	cancel()
	_, _ = io.ReadAll(answer.Body) // or the test hangs: the stream goes on
	if err := <-served; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestStreamsAreBounded(t *testing.T) {
	s := newStage(t, 1)
	for range maxStreams {
		s.server.streams <- struct{}{}
	}
	s.want(503, "100 streams", "GET", "/api/cluster/events", "")
}
