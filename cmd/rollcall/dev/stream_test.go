package dev

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/rollcall-presence/rollcall/node"
)

// follow opens a stream, and returns what waits for its next event of a kind and decodes it.
func (s *stage) follow(path string) (next func(event string, into any)) {
	s.Helper()
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(s.Context())
	go func() { served <- s.server.Serve(ctx, s.cluster) }()
	answer, err := http.Get(s.server.URL() + path)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		cancel()
		_, _ = io.ReadAll(answer.Body) // or the test hangs: the stream goes on
		answer.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		if err := <-served; err != nil {
			s.Error(err)
		}
	})
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		s.Errorf("it is %s", kind)
	}
	lines := bufio.NewScanner(answer.Body)
	return func(event string, into any) {
		s.Helper()
		for ours := false; lines.Scan(); {
			if name, is := strings.CutPrefix(lines.Text(), "event: "); is {
				ours = name == event
			}
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is && ours {
				if err := json.Unmarshal([]byte(data), into); err != nil {
					s.Fatal(err)
				}
				return
			}
		}
		s.Fatalf("the stream ended: %v", lines.Err())
	}
}

func TestStreamTellsEachChangeOnce(t *testing.T) {
	s := newStage(t, 2)
	next := s.follow("/api/cluster/events")
	for _, do := range []struct {
		action string
		state  State
	}{{"", Running}, {"pause", Paused}, {"resume", Running}} {
		if do.action != "" {
			s.want(200, "", "POST", "/api/nodes/node-2/"+do.action, "")
		}
		var sight Sight
		if next("cluster", &sight); sight.Nodes[1].State != do.state {
			t.Errorf("node-2 is %s, want %s", sight.Nodes[1].State, do.state)
		}
	}
}

func TestStreamTellsWhoIsInTheRoomByWhichDevices(t *testing.T) {
	s := newStage(t, 2)
	s.want(200, "", "POST", "/api/nodes/node-1/pause", "") // the other is asked
	next := s.follow("/api/cluster/events?room=room.1")
	want := []Person{{"bob", []Device{{"node-1", "online"}}}}
	for range 2 {
		var people []Person
		if next("people", &people); !reflect.DeepEqual(people, want) {
			t.Errorf("%v, want %v", people, want)
		}
		want[0].Devices = append(want[0].Devices, Device{"node-2", "away"})
		s.node("node-2").sit(node.Session{Node: "node-2", State: "away", Channels: []string{"room.1"}})
	}
}

func TestStreamsAreBounded(t *testing.T) {
	s := newStage(t, 1)
	for range maxStreams {
		s.server.streams <- struct{}{}
	}
	s.want(503, "100 streams", "GET", "/api/cluster/events", "")
}
