// Command client is a go-micro v5 client that makes the checks against a peer.
package main

import (
	"os"

	"interop/check"
	"interop/v5/peer"
)

func main() {
	os.Exit(check.Main(peer.NewCaller))
}
