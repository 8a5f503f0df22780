package peer

import (
	"context"
	"sync/atomic"
	"time"

	"go-micro.dev/v5/broker"
	"go-micro.dev/v5/client"
	"go-micro.dev/v5/errors"
	"go-micro.dev/v5/metadata"
	"go-micro.dev/v5/registry"
	"go-micro.dev/v5/selector"
	"go-micro.dev/v5/transport"

	"interop/check"
)

// The pool drops a connection one minute after it was opened; the checks of
// connections that rest need it longer.
const poolTTL = 10 * time.Minute

type caller struct {
	peer      check.Peer
	client    client.Client
	transport *countingTransport
}

// countingTransport counts the connections that are opened.
type countingTransport struct {
	transport.Transport
	dials atomic.Int64
}

// NewCaller makes a client with a connection pool of its own.
func NewCaller(peer check.Peer) check.Caller {
	nodes := registry.NewMemoryRegistry()
	counting := &countingTransport{Transport: transport.NewHTTPTransport()}

	return &caller{
		peer: peer,
		client: client.NewClient(
			client.Registry(nodes),
			client.Selector(selector.NewSelector(selector.Registry(nodes))),
			client.Broker(broker.NewMemoryBroker()),
			client.Transport(counting),
			client.PoolTTL(poolTTL),
			client.Retries(peer.Retries),
		),
		transport: counting,
	}
}

func (t *countingTransport) Dial(address string, options ...transport.DialOption) (transport.Client, error) {
	t.dials.Add(1)
	return t.Transport.Dial(address, options...)
}

func (c *caller) Call(ctx context.Context, call check.Call) error {
	if len(call.Metadata) > 0 {
		ctx = metadata.NewContext(ctx, metadata.Metadata(call.Metadata))
	}

	options := []client.CallOption{client.WithAddress(c.peer.Address)}
	if call.Close {
		options = append(options, client.WithConnClose())
	}
	if call.ConnectionTimeout > 0 {
		options = append(options, func(options *client.CallOptions) {
			options.ConnectionTimeout = call.ConnectionTimeout
			// A retry after the deadline would hide how long one attempt takes.
			options.Retries = 0
		})
	}

	request := c.client.NewRequest(c.peer.Service, call.Endpoint, call.Request, client.WithContentType(call.ContentType))

	return c.client.Call(ctx, request, call.Reply, options...)
}

func (c *caller) Parse(err error) check.Failure {
	parsed := errors.Parse(err.Error())
	return check.Failure{ID: parsed.Id, Code: parsed.Code, Detail: parsed.Detail}
}

func (c *caller) Dials() int {
	return int(c.transport.dials.Load())
}
