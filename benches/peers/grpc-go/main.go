// grpc-go in the benches: its defaults, with messages that are the same bytes as
// those of the peers in Rust.
package main

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"bench/load"
)

const method = "/bench.Bench/Echo"

// bench is what protoc-gen-go-grpc makes of a service with one method. A
// StringValue has its text in field 1, as a Question and an Answer have.
var bench = grpc.ServiceDesc{
	ServiceName: "bench.Bench",
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: echo}},
}

func echo(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
	question := new(wrapperspb.StringValue)
	if err := decode(question); err != nil {
		return nil, err
	}
	handle := func(_ context.Context, request any) (any, error) {
		return wrapperspb.String(load.Answer(request.(*wrapperspb.StringValue).Value)), nil
	}
	if interceptor == nil {
		return handle(ctx, question)
	}
	return interceptor(ctx, question, &grpc.UnaryServerInfo{FullMethod: method}, handle)
}

func serve() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := grpc.NewServer()
	server.RegisterService(&bench, struct{}{})
	go server.Serve(listener)
	return listener.Addr().String(), nil
}

func connect(target load.Target) ([]load.Caller, error) {
	callers := make([]load.Caller, target.Connections)
	for index := range callers {
		connection, err := grpc.NewClient(target.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, err
		}
		callers[index] = func(ctx context.Context, text string) (string, error) {
			answer := new(wrapperspb.StringValue)
			err := connection.Invoke(ctx, method, wrapperspb.String(text), answer)
			return answer.Value, err
		}
	}
	return callers, nil
}

func main() {
	load.Main(load.Peer{Serve: serve, Connect: connect})
}
