// go-micro in the benches: its default client and server, HTTP and JSON.
package main

import (
	"context"

	"go-micro.dev/v5/broker"
	"go-micro.dev/v5/client"
	"go-micro.dev/v5/registry"
	"go-micro.dev/v5/selector"
	"go-micro.dev/v5/server"

	"bench/load"
)

// Message is what is asked and answered.
type Message struct {
	Text string `json:"text"`
}

// Bench is what is called.
type Bench struct{}

// Echo answers at once.
func (Bench) Echo(_ context.Context, question, answer *Message) error {
	answer.Text = load.Answer(question.Text)
	return nil
}

func serve() (string, error) {
	// The defaults would announce the service on every interface.
	nodes := registry.NewMemoryRegistry()
	node := server.NewRPCServer(
		server.Name("bench"),
		server.Address("127.0.0.1:0"),
		server.Registry(nodes),
		server.Broker(broker.NewHttpBroker(broker.Addrs("127.0.0.1:0"), broker.Registry(nodes))),
	)
	if err := node.Handle(node.NewHandler(Bench{})); err != nil {
		return "", err
	}
	if err := node.Start(); err != nil {
		return "", err
	}
	return node.Options().Address, nil
}

// connect makes one caller: a client of go-micro has a connection for each call
// in flight.
func connect(target load.Target) ([]load.Caller, error) {
	nodes := registry.NewMemoryRegistry()
	caller := client.NewClient(
		client.Registry(nodes),
		client.Selector(selector.NewSelector(selector.Registry(nodes))),
		client.Broker(broker.NewMemoryBroker()),
		// What its own services write by default.
		client.ContentType("application/json"),
	)
	call := func(ctx context.Context, text string) (string, error) {
		var answer Message
		request := caller.NewRequest("bench", "Bench.Echo", &Message{Text: text})
		err := caller.Call(ctx, request, &answer, client.WithAddress(target.Address))
		return answer.Text, err
	}
	return []load.Caller{call}, nil
}

func main() {
	load.Main(load.Peer{Serve: serve, Connect: connect})
}
