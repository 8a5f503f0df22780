package main

import (
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"interop/check"
	"interop/check/service"
)

// scenario is the calls that one connection carries.
type scenario struct {
	name  string
	calls func() []check.Call
	// fails says that the calls answer an error.
	fails bool
}

var scenarios = []scenario{
	{name: "unary", calls: one(hello("John"))},
	{name: "two-calls", calls: func() []check.Call { return []check.Call{hello("John"), hello("Jane")} }},
	{name: "error", calls: one(nothing("Greeter.Fail")), fails: true},
	{name: "unknown-method", calls: one(nothing("Greeter.Missing")), fails: true},
	{name: "unknown-handler", calls: one(nothing("Missing.Hello")), fails: true},
	{name: "ill-formed-endpoint", calls: one(nothing("Hello")), fails: true},
	{name: "protobuf", calls: func() []check.Call {
		return []check.Call{{
			Endpoint: "Greeter.Proto", ContentType: check.Protobuf,
			Request: wrapperspb.String("John"), Reply: &wrapperspb.StringValue{},
		}}
	}},
	// No bytes at all: the request is chunked, the response is not.
	{name: "empty-body", calls: func() []check.Call {
		return []check.Call{{
			Endpoint: "Greeter.Nothing", ContentType: check.Protobuf,
			Request: &emptypb.Empty{}, Reply: &emptypb.Empty{},
		}}
	}},
	{name: "metadata", calls: func() []check.Call {
		return []check.Call{{
			Endpoint: "Greeter.Meta", ContentType: check.JSON,
			// One of the two is not in canonical form, to see what it becomes.
			Metadata: map[string]string{"X-Tenant": "blue", "trace-ID": "7"},
			Request:  &service.MetaRequest{Key: "X-Tenant"}, Reply: &service.MetaReply{},
		}}
	}},
	{name: "connection-close", calls: func() []check.Call {
		call := hello("John")
		call.Close = true
		return []check.Call{call}
	}},
}

func hello(name string) check.Call {
	return check.Call{
		Endpoint: "Greeter.Hello", ContentType: check.JSON,
		Request: &service.HelloRequest{Name: name}, Reply: &service.HelloReply{},
	}
}

func nothing(endpoint string) check.Call {
	return check.Call{
		Endpoint: endpoint, ContentType: check.JSON,
		Request: &service.Nothing{}, Reply: &service.Nothing{},
	}
}

func one(call check.Call) func() []check.Call {
	return func() []check.Call { return []check.Call{call} }
}
