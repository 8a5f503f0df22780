package check

import (
	"context"
	"time"
)

// Content types that the checks use.
const (
	JSON     = "application/json"
	Protobuf = "application/protobuf"
)

// Call is one unary call.
type Call struct {
	Endpoint    string
	ContentType string
	Metadata    map[string]string
	Request     any
	Reply       any
	// ConnectionTimeout is go-micro's limit for one attempt; it is what the
	// Timeout header carries. Zero is go-micro's default of 5 s.
	ConnectionTimeout time.Duration
	// Close asks for `Connection: close`.
	Close bool
}

// Failure is a go-micro error taken apart. Code is 0 for an error that is
// plain text.
type Failure struct {
	ID     string
	Code   int32
	Detail string
}

// Caller is a go-micro client with a connection pool of its own, whatever its
// version.
type Caller interface {
	Call(ctx context.Context, call Call) error
	// Parse takes an error that Call returned apart.
	Parse(err error) Failure
	// Dials counts the connections that the client opened so far.
	Dials() int
}
