// Package service is what the Go servers answer, whatever their go-micro
// version.
package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// HelloRequest asks for a greeting.
type HelloRequest struct {
	Name string `json:"name"`
}

// HelloReply is a greeting.
type HelloReply struct {
	Msg string `json:"msg"`
}

// SleepRequest says how many milliseconds to sleep.
type SleepRequest struct {
	MS int64 `json:"ms"`
}

// SleepReply says how many milliseconds the handler slept.
type SleepReply struct {
	MS int64 `json:"ms"`
}

// MetaRequest names a key of the request's metadata.
type MetaRequest struct {
	Key string `json:"key"`
}

// MetaReply is the value of that key.
type MetaReply struct {
	Value string `json:"value"`
}

// Nothing is a message without fields: `{}`.
type Nothing struct{}

// Platform is what the handlers need from their version of go-micro.
type Platform struct {
	BadRequest func(id, format string, args ...any) error
	Timeout    func(id, format string, args ...any) error
	Metadata   func(ctx context.Context, key string) (string, bool)
}

// Common is the endpoints that both services have.
type Common struct {
	service  string
	platform Platform
}

// Greeter is the service `greeter`.
type Greeter struct{ Common }

// Helloworld is the service `helloworld`, the same under the names of the Rust
// peer, so that a Go client can be tried without it.
type Helloworld struct{ Common }

// Handler makes the handler of a service by its name; nil is an unknown name.
func Handler(name string, platform Platform) any {
	common := Common{service: name, platform: platform}
	switch name {
	case "greeter":
		return &Greeter{common}
	case "helloworld":
		return &Helloworld{common}
	default:
		return nil
	}
}

// Greeting is the greeting for a name.
func Greeting(name string) string {
	return "Hello " + name
}

// Hello greets.
func (g *Greeter) Hello(_ context.Context, request *HelloRequest, reply *HelloReply) error {
	reply.Msg = Greeting(request.Name)
	return nil
}

// Call greets.
func (h *Helloworld) Call(_ context.Context, request *HelloRequest, reply *HelloReply) error {
	reply.Msg = Greeting(request.Name)
	return nil
}

// Fail answers a 400.
func (c *Common) Fail(context.Context, *Nothing, *Nothing) error {
	return c.platform.BadRequest(c.service, "no name")
}

// Sleep sleeps, but not beyond the deadline of the request.
func (c *Common) Sleep(ctx context.Context, request *SleepRequest, reply *SleepReply) error {
	select {
	case <-time.After(time.Duration(request.MS) * time.Millisecond):
		reply.MS = request.MS
		return nil
	case <-ctx.Done():
		return c.platform.Timeout(c.service, "%v", ctx.Err())
	}
}

// Meta answers a value of the request's metadata.
func (c *Common) Meta(ctx context.Context, request *MetaRequest, reply *MetaReply) error {
	reply.Value, _ = c.platform.Metadata(ctx, request.Key)
	return nil
}

// Proto greets in protobuf: a message with the string 1 each way.
func (c *Common) Proto(_ context.Context, request, reply *wrapperspb.StringValue) error {
	reply.Value = Greeting(request.GetValue())
	return nil
}

// Nothing takes and answers an empty protobuf message: no bytes each way.
func (c *Common) Nothing(context.Context, *emptypb.Empty, *emptypb.Empty) error {
	return nil
}
