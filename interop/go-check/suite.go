package check

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"interop/check/service"
)

const (
	deadline = 300 * time.Millisecond
	// The endpoint sleeps far longer than anyone waits, so that an answer
	// within patience can only come from the deadline.
	longSleep = 20 * time.Second
	patience  = 5 * time.Second

	largeName = 1 << 20
)

// Suite makes every check against one peer.
type Suite struct {
	Peer Peer
	// New makes a client with a connection pool of its own.
	New    func(Peer) Caller
	Report *Report
}

// Run makes all checks. The idle ones rest while the others run.
func (s Suite) Run(ctx context.Context) {
	idle := s.startIdle(ctx)

	caller := s.New(s.Peer)
	s.Report.Run("call", func() error { return s.hello(ctx, caller, "Jane") })
	s.Report.Run("unicode", func() error { return s.hello(ctx, caller, `Jürgen <&> "名前"`) })
	s.Report.Run("large", func() error { return s.hello(ctx, caller, strings.Repeat("x", largeName)) })
	s.Report.Run("metadata", func() error { return s.metadata(ctx, caller) })
	s.Report.Run("protobuf", func() error { return s.protobuf(ctx, caller) })
	s.Report.Run("empty-body", func() error { return s.empty(ctx, caller) })
	s.Report.Run("error", func() error { return s.fail(ctx, caller) })
	s.Report.Run("after-error", func() error { return s.hello(ctx, caller, "Jane") })
	s.Report.Run("unknown-endpoint", func() error { return s.missing(ctx, caller) })
	s.Report.Run("deadline", func() error { return s.deadline(ctx, caller) })
	s.Report.Run("after-deadline", func() error { return s.hello(ctx, caller, "Jane") })
	s.Report.Run("connection-close", func() error { return s.close(ctx) })
	s.Report.Run("sequential", func() error { return s.sequential(ctx) })
	s.Report.Run("concurrent", func() error { return s.concurrent(ctx) })
	s.Report.Run("raw-keep-alive", func() error { return s.rawKeepAlive(0) })
	s.Report.Run("raw-deadline", s.rawDeadline)
	s.Report.Run("raw-malformed", s.rawMalformed)

	idle(s.Report)
}

func (s Suite) hello(ctx context.Context, caller Caller, name string) error {
	reply := &service.HelloReply{}
	err := caller.Call(ctx, Call{Endpoint: s.Peer.Call, ContentType: JSON, Request: &service.HelloRequest{Name: name}, Reply: reply})
	if err != nil {
		return err
	}

	return same("reply", reply.Msg, service.Greeting(name))
}

func (s Suite) metadata(ctx context.Context, caller Caller) error {
	// The name has the canonical form of an HTTP header because go-micro up
	// to v5.10 puts every key into that form.
	for key, value := range map[string]string{"X-Tenant": "blue", "X-Note": `a "b"; c=d, e`} {
		reply := &service.MetaReply{}
		err := caller.Call(ctx, Call{
			Endpoint: s.Peer.Meta, ContentType: JSON, Metadata: map[string]string{key: value},
			Request: &service.MetaRequest{Key: key}, Reply: reply,
		})
		if err != nil {
			return err
		}
		if err := same("metadata "+key, reply.Value, value); err != nil {
			return err
		}
	}

	return nil
}

// protobuf relies on StringValue having the wire form of any message whose
// only field is a string with number 1.
func (s Suite) protobuf(ctx context.Context, caller Caller) error {
	reply := &wrapperspb.StringValue{}
	err := caller.Call(ctx, Call{Endpoint: s.Peer.Proto, ContentType: Protobuf, Request: wrapperspb.String("Jane"), Reply: reply})
	if err != nil {
		return err
	}

	return same("reply", reply.GetValue(), service.Greeting("Jane"))
}

// empty sends a protobuf message of zero bytes, which Go frames as an empty
// chunked body.
func (s Suite) empty(ctx context.Context, caller Caller) error {
	return caller.Call(ctx, Call{Endpoint: s.Peer.Nothing, ContentType: Protobuf, Request: &emptypb.Empty{}, Reply: &emptypb.Empty{}})
}

func (s Suite) fail(ctx context.Context, caller Caller) error {
	err := caller.Call(ctx, Call{Endpoint: s.Peer.Fail, ContentType: JSON, Request: &service.Nothing{}, Reply: &service.Nothing{}})
	if err == nil {
		return fmt.Errorf("%s answered without an error", s.Peer.Fail)
	}

	want := Failure{ID: s.Peer.FailID, Code: 400, Detail: s.Peer.FailDetail}

	return same("error", caller.Parse(err), want)
}

func (s Suite) missing(ctx context.Context, caller Caller) error {
	err := caller.Call(ctx, Call{Endpoint: s.Peer.Missing, ContentType: JSON, Request: &service.Nothing{}, Reply: &service.Nothing{}})
	if err == nil {
		return fmt.Errorf("%s answered without an error", s.Peer.Missing)
	}

	failure := caller.Parse(err)
	if err := same("code", int(failure.Code), s.Peer.MissingCode); err != nil {
		return fmt.Errorf("%w (%+v)", err, failure)
	}
	if !strings.Contains(failure.Detail, s.Peer.MissingText) {
		return fmt.Errorf("detail %q does not name %q", failure.Detail, s.Peer.MissingText)
	}

	return nil
}

func (s Suite) deadline(ctx context.Context, caller Caller) error {
	start := time.Now()
	err := caller.Call(ctx, Call{
		Endpoint: s.Peer.Sleep, ContentType: JSON, ConnectionTimeout: deadline,
		Request: &service.SleepRequest{MS: longSleep.Milliseconds()}, Reply: &service.SleepReply{},
	})
	if err == nil {
		return fmt.Errorf("answered although the endpoint sleeps %s and the deadline is %s", longSleep, deadline)
	}
	if took := time.Since(start); took > patience {
		return fmt.Errorf("took %s with a deadline of %s", took, deadline)
	}

	failure := caller.Parse(err)
	if err := same("code", failure.Code, 408); err != nil {
		return fmt.Errorf("%w (%+v)", err, failure)
	}

	return nil
}

// close makes two calls with `Connection: close`: each needs its own connection.
func (s Suite) close(ctx context.Context) error {
	caller := s.New(s.Peer)
	for range 2 {
		reply := &service.HelloReply{}
		err := caller.Call(ctx, Call{
			Endpoint: s.Peer.Call, ContentType: JSON, Close: true,
			Request: &service.HelloRequest{Name: "Jane"}, Reply: reply,
		})
		if err != nil {
			return err
		}
		if err := same("reply", reply.Msg, service.Greeting("Jane")); err != nil {
			return err
		}
	}

	return same("connections opened", caller.Dials(), 2)
}

func same[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}

	return fmt.Errorf("%s: got %s, want %s", what, short(got), short(want))
}

func short(value any) string {
	text := fmt.Sprintf("%+v", value)
	if len(text) > 200 {
		return fmt.Sprintf("%s... (%d bytes)", text[:200], len(text))
	}

	return text
}
