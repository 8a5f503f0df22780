package check

import (
	"context"
	"fmt"
	"time"
)

// startIdle starts the checks of connections that rest and returns what waits
// for them and adds them to a report.
func (s Suite) startIdle(ctx context.Context) func(*Report) {
	if s.Peer.Idle == 0 {
		return func(*Report) {}
	}

	raw, pooled := make(chan error, 1), make(chan error, 1)
	go func() { raw <- s.rawKeepAlive(s.Peer.Idle) }()
	go func() { pooled <- s.pooledKeepAlive(ctx) }()

	return func(report *Report) {
		report.Add("idle-raw", <-raw)
		report.Add("idle-pooled", <-pooled)
	}
}

// pooledKeepAlive rests between two calls of a real client. Both use one
// connection, so the second is answered only if the peer left it open.
func (s Suite) pooledKeepAlive(ctx context.Context) error {
	caller := s.New(s.Peer)
	if err := s.hello(ctx, caller, "Jane"); err != nil {
		return fmt.Errorf("first call: %w", err)
	}
	time.Sleep(s.Peer.Idle)
	if err := s.hello(ctx, caller, "John"); err != nil {
		return fmt.Errorf("second call, %s after the first: %w", s.Peer.Idle, err)
	}

	return same("connections opened", caller.Dials(), 1)
}
