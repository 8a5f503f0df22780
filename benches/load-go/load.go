// Package load is what the peers in Go share: the arguments, the closed loop and
// the report of benches/load, for the one kind of work that they are measured
// with.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Caller asks for the answer to a text.
type Caller func(ctx context.Context, text string) (string, error)

// Target is where a server is, and what reaches it.
type Target struct {
	Address     string
	Connections int
}

// Peer is an RPC system.
type Peer struct {
	// Serve starts to serve on a free port of 127.0.0.1 and returns its address.
	Serve func() (string, error)
	// Connect makes callers: calls are spread over them in turn.
	Connect func(Target) ([]Caller, error)
}

// Answer is the answer to a request with this text.
func Answer(text string) string {
	return "answers " + text
}

// Main does what the arguments of the process say.
func Main(peer Peer) {
	if err := run(peer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(peer Peer) error {
	arguments, err := read(os.Args[1:])
	if err != nil {
		return err
	}
	// What the runtimes of the peers in Rust have: one thread, or two workers.
	runtime.GOMAXPROCS(map[string]int{"ct": 1, "mt": 2}[arguments.runtime])

	if arguments.role == "server" {
		address, err := peer.Serve()
		if err != nil {
			return err
		}
		fmt.Println("READY", address, os.Getpid())
		// Closed when whoever started this process ends, in whichever way.
		_, err = io.Copy(io.Discard, os.Stdin)
		return err
	}
	callers, err := peer.Connect(Target{arguments.address, arguments.connections})
	if err != nil {
		return err
	}
	return measure(callers, arguments)
}

const (
	warm int32 = iota
	counted
	over
)

// measure makes calls for a while, then counts them for the window.
func measure(callers []Caller, arguments arguments) error {
	var (
		phase  atomic.Int32
		places sync.WaitGroup
		seen   = make([]place, arguments.inFlight)
	)
	for index := range seen {
		places.Add(1)
		go func() {
			defer places.Done()
			seen[index].run(callers[index%len(callers)], &phase)
		}()
	}

	time.Sleep(arguments.warm)
	before, err := bothUsed(arguments.pid)
	if err != nil {
		return err
	}
	started := time.Now()
	phase.Store(counted)
	time.Sleep(arguments.window)
	phase.Store(over)
	window := time.Since(started)
	after, err := bothUsed(arguments.pid)
	if err != nil {
		return err
	}
	places.Wait()

	var all []time.Duration
	for _, place := range seen {
		if place.err != nil {
			return place.err
		}
		all = append(all, place.latencies...)
	}
	if len(all) == 0 {
		return errors.New("no call was answered within the window")
	}
	fmt.Println(report(all, window, after.client-before.client, after.server-before.server))
	return nil
}

// place is one place in the loop, which has one call in flight.
type place struct {
	latencies []time.Duration
	err       error
}

func (p *place) run(call Caller, phase *atomic.Int32) {
	text := strings.Repeat("x", 16)
	for {
		started := time.Now()
		answer, err := call(context.Background(), text)
		if err == nil && len(answer) != len(text)+8 {
			err = fmt.Errorf("%d bytes were answered with %d", len(text), len(answer))
		}
		if p.err = err; err != nil {
			return
		}
		switch phase.Load() {
		case counted:
			p.latencies = append(p.latencies, time.Since(started))
		case over:
			return
		}
	}
}
