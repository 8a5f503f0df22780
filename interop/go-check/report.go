// Package check is what the Go programs of every go-micro version share: the
// list of checks a client makes against a peer, and the report of them.
//
// It knows no go-micro version. What differs between versions comes in through
// the [Caller] interface.
package check

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// Report prints one line per check and remembers whether any of them failed.
type Report struct {
	out io.Writer

	mu     sync.Mutex
	failed int
}

// NewReport makes a report that writes its lines to out.
func NewReport(out io.Writer) *Report {
	return &Report{out: out}
}

// Run makes one check and prints `ok NAME` or `FAIL NAME: reason`.
func (r *Report) Run(name string, check func() error) {
	r.Add(name, check())
}

// Add prints the result of a check that was made elsewhere.
func (r *Report) Add(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()

	if err == nil {
		fmt.Fprintf(r.out, "ok %s\n", name)
		return
	}

	r.failed++
	// A reason of several lines would break "one line per check".
	reason := strings.Join(strings.Fields(err.Error()), " ")
	fmt.Fprintf(r.out, "FAIL %s: %s\n", name, reason)
}

// Failed says how many checks failed.
func (r *Report) Failed() int {
	r.mu.Lock()
	defer r.mu.Unlock()

	return r.failed
}
