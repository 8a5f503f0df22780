package service

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const stopLimit = 5 * time.Second

// Server is a go-micro server of any version.
type Server interface {
	Start() error
	Stop() error
}

// Main is the server command: it serves until SIGTERM or until its standard
// input is closed, and returns the exit code.
func Main(platform Platform, newServer func(name, address string, handler any) (Server, func() string, error)) int {
	name := flag.String("service", "greeter", "service to serve: greeter or helloworld")
	address := flag.String("address", "127.0.0.1:0", "host:port to listen on; port 0 picks a free one")
	flag.Parse()

	handler := Handler(*name, platform)
	if handler == nil || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: server [-service greeter|helloworld] [-address HOST:PORT]")
		return 2
	}

	if err := serve(*name, *address, handler, newServer); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		return 1
	}

	return 0
}

func serve(name, address string, handler any, newServer func(name, address string, handler any) (Server, func() string, error)) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	server, bound, err := newServer(name, address, handler)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	fmt.Println("READY", bound())

	// Whoever started the server holds its standard input: when that one is
	// gone, however it went, nothing is left behind.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	<-ctx.Done()

	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop() }()
	select {
	case err := <-stopped:
		return err
	case <-time.After(stopLimit):
		return fmt.Errorf("did not stop within %s", stopLimit)
	}
}
