// Package peer is the go-micro v4 side: a server and a client that reach
// nothing but 127.0.0.1.
//
// It takes the server and client packages rather than micro.NewService, which
// makes the same two but brings every registry and store along.
package peer

import (
	"context"

	"go-micro.dev/v4/broker"
	"go-micro.dev/v4/errors"
	"go-micro.dev/v4/metadata"
	"go-micro.dev/v4/registry"
	"go-micro.dev/v4/server"
	"go-micro.dev/v4/transport"

	"interop/check/service"
)

// Platform is what the handlers need from this version.
var Platform = service.Platform{
	BadRequest: errors.BadRequest,
	Timeout:    errors.Timeout,
	Metadata:   func(ctx context.Context, key string) (string, bool) { return metadata.Get(ctx, key) },
}

// NewServer makes a server and a function that says where it listens once it
// is started.
func NewServer(name, address string, handler any) (service.Server, func() string, error) {
	// The defaults would announce the service with mDNS on every interface
	// and open a broker on any port.
	nodes := registry.NewMemoryRegistry()
	node := server.NewRPCServer(
		server.Name(name),
		server.Address(address),
		server.Registry(nodes),
		server.Broker(broker.NewBroker(broker.Addrs("127.0.0.1:0"), broker.Registry(nodes))),
		server.Transport(transport.NewHTTPTransport()),
	)
	if err := node.Handle(node.NewHandler(handler)); err != nil {
		return nil, nil, err
	}

	return node, func() string { return node.Options().Address }, nil
}
