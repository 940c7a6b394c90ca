package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/verify"
)

// verifyCommand is "rollcall verify".
type verifyCommand struct {
	operator
	For   pause  `placeholder:"TIME" otherwise:"the longest grace and 2s" help:"How long a difference has to last to count: news takes a moment."`
	Pause pause  `placeholder:"TIME" default:"1s" help:"How long to wait before everything is asked again."`
	Most  number `placeholder:"N" default:"100" help:"Differences to print; --json prints all."`
	JSON  toggle `name:"json" help:"One JSON object, for machines."`
}

// Help says what is compared, and what the exit code means.
func (verifyCommand) Help() string {
	return `Each node is asked which sessions it holds, by its sockets, and which sessions and members it shows, of all nodes. Who is shown and held by nobody is a ghost; who is held and not shown is missing. Whatever differs is asked for again until it has lasted.

    rollcall verify --admin http://10.0.0.7:9090 --admin-key @admin.key

The other nodes are found by the addresses that the first one tells; repeat --admin for those that cannot be reached there. The exit code is 0 if nothing differs, 1 if something does, and 2 if some node could not be asked.`
}

// errDiffers and errUnasked are what the exit code says; all else was printed.
var (
	errDiffers = errors.New("the nodes do not show what they hold")
	errUnasked = errors.New("not all nodes could be asked")
)

// Run compares, and prints what differs.
func (v *verifyCommand) Run(ctx context.Context, p process) error {
	report, err := verify.Run(ctx, verify.Options{For: time.Duration(v.For), Pause: time.Duration(v.Pause)}, v.clients())
	if err != nil {
		return fmt.Errorf("verify: ended before all was asked: %w", errors.Join(errUnasked, err))
	}
	if v.JSON {
		err = report.JSON(p.stdout)
	} else {
		err = report.Text(p.stdout, int(v.Most))
	}
	switch {
	case err != nil:
		return err
	case len(report.Differences) > 0:
		return errDiffers
	case len(report.Unasked) > 0:
		return errUnasked
	}
	return nil
}
