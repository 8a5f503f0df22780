package check

import (
	"context"
	"fmt"
	"sync"
)

const (
	sequentialCalls = 200
	workers         = 8
	callsPerWorker  = 50
)

// sequential expects that the peer leaves the connection open between calls.
func (s Suite) sequential(ctx context.Context) error {
	caller := s.New(s.Peer)
	for n := range sequentialCalls {
		if err := s.hello(ctx, caller, fmt.Sprintf("caller %d", n)); err != nil {
			return fmt.Errorf("call %d: %w", n, err)
		}
	}

	return s.connections(caller, 1)
}

// concurrent gives every call a name of its own, so that answers that were
// swapped between calls show.
func (s Suite) concurrent(ctx context.Context) error {
	caller := s.New(s.Peer)
	failures := make(chan error, workers)

	var group sync.WaitGroup
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range callsPerWorker {
				if err := s.hello(ctx, caller, fmt.Sprintf("worker %d call %d", worker, n)); err != nil {
					failures <- fmt.Errorf("worker %d call %d: %w", worker, n, err)
					return
				}
			}
		}()
	}
	group.Wait()
	close(failures)

	if err := <-failures; err != nil {
		return err
	}

	return s.connections(caller, workers)
}

// connections checks that no more than limit connections were opened: one for
// each call in flight. A retry opens another one, so it is only known without.
func (s Suite) connections(caller Caller, limit int) error {
	if dials := caller.Dials(); s.Peer.Retries == 0 && dials > limit {
		return fmt.Errorf("%d connections were opened where %d would do: the peer does not keep them open", dials, limit)
	}

	return nil
}
