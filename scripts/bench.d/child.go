package main

import (
	"context"
	"encoding/json"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/process"
)

// child is a process that the bench started: a node or a relay.
type child struct {
	*process.Process
	name string
	at   addresses // fixed once start has returned
}

// addresses are where a child listens, by its own log: it was given port 0.
type addresses struct {
	Listen string `json:"listen"`
	Admin  string `json:"admin"`
	Gossip string `json:"gossip"`
}

// url is where clients of a node connect.
func (c *child) url() string { return "ws://" + c.at.Listen + "/v1/connect" }

// start runs a program and returns once its log, in JSON on stderr, says where it
// listens. env is its environment besides that of the bench.
func start(ctx context.Context, name string, env []string, program string, args ...string) (*child, error) {
	c := &child{name: name}
	var err error
	c.Process, err = process.Start(ctx, process.Command{Name: name, Program: program, Args: args, Env: env,
		Heard: func(text string) (up, show bool) {
			var line struct {
				Level string `json:"level"`
				addresses
			}
			err := json.Unmarshal([]byte(text), &line)
			if up = line.Listen != ""; up && c.at.Listen == "" {
				c.at = line.addresses
			}
			// What is no plain information may spoil what is measured, so it is shown.
			return up, err != nil || line.Level != "INFO"
		}})
	if err != nil {
		return nil, err
	}
	return c, nil
}
