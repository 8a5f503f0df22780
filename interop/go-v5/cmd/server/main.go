// Command server is a go-micro v5 service that a Rust client calls.
package main

import (
	"os"

	"interop/check/service"
	"interop/v5/peer"
)

func main() {
	os.Exit(service.Main(peer.Platform, peer.NewServer))
}
