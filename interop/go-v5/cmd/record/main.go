// Command record writes down what a go-micro client and a go-micro server say
// to each other, byte for byte: one file for each direction of each scenario.
//
//	go run ./cmd/record -out ../testdata
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"interop/check"
	"interop/check/service"
	"interop/v5/peer"
)

const defaultListen = "127.0.0.1:19090"

func main() {
	out := flag.String("out", "", "folder to write to (required)")
	listen := flag.String("listen", defaultListen, "address of the proxy; it shows in the Host header")
	flag.Parse()

	if *out == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: record -out FOLDER [-listen HOST:PORT]")
		os.Exit(2)
	}
	if err := record(*out, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(out, listen string) error {
	handler := service.Handler("greeter", peer.Platform)
	server, bound, err := peer.NewServer("greeter", "127.0.0.1:0", handler)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}

	for _, scenario := range scenarios {
		if err := scenario.record(out, listen, bound()); err != nil {
			return fmt.Errorf("%s: %w", scenario.name, err)
		}
	}

	return server.Stop()
}

// record makes the calls of a scenario with a fresh client, so that the
// sequence number of its first call is 0.
func (s scenario) record(out, listen, server string) error {
	proxy, err := startProxy(listen, server)
	if err != nil {
		return err
	}

	caller := peer.NewCaller(check.Peer{Address: proxy.address(), Service: "greeter"})
	for n, call := range s.calls() {
		err := caller.Call(context.Background(), call)
		if s.fails != (err != nil) {
			proxy.stop()
			return fmt.Errorf("call %d answered with error %v", n, err)
		}
	}

	requests, responses, err := proxy.stop()
	if err != nil {
		return err
	}

	base := filepath.Join(out, "v5-"+s.name)
	if err := os.WriteFile(base+".request.txt", requests, 0o644); err != nil {
		return err
	}

	return os.WriteFile(base+".response.txt", responses, 0o644)
}
