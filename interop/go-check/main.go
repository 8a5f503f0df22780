package check

import (
	"context"
	"flag"
	"fmt"
	"os"
)

// Main is the client command: it reads the flags, makes the checks and returns
// the exit code.
func Main(newCaller func(Peer) Caller) int {
	peer := Flags(flag.CommandLine)
	flag.Parse()

	if peer.Address == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: client -address HOST:PORT [flags]; -help lists the flags")
		return 2
	}

	report := NewReport(os.Stdout)
	Suite{Peer: *peer, New: newCaller, Report: report}.Run(context.Background())
	if report.Failed() > 0 {
		return 1
	}

	return 0
}
