package check

import (
	"flag"
	"time"
)

// Peer says where the peer under test is and how its endpoints are called.
type Peer struct {
	Address string
	Service string

	Call    string
	Fail    string
	Sleep   string
	Meta    string
	Proto   string
	Nothing string
	Missing string

	// What the peer answers where go-micro and others rightly differ.
	FailID        string
	FailDetail    string
	MissingCode   int
	MissingText   string
	MalformedCode int

	Retries int
	Idle    time.Duration
}

// Flags declares the flags that describe a peer. The defaults describe the
// Rust peer; the fields are filled in when the flags are parsed.
func Flags(flags *flag.FlagSet) *Peer {
	peer := &Peer{}
	text := func(field *string, name, value, usage string) {
		flags.StringVar(field, name, value, usage)
	}

	text(&peer.Address, "address", "", "host:port of the peer (required)")
	text(&peer.Service, "service", "helloworld", "name of the peer's service")

	text(&peer.Call, "call", "Helloworld.Call", "endpoint {name} -> {msg: Hello NAME}")
	text(&peer.Fail, "fail", "Helloworld.Fail", "endpoint that answers a 400")
	text(&peer.Sleep, "sleep", "Helloworld.Sleep", "endpoint {ms} that sleeps that long")
	text(&peer.Meta, "meta", "Helloworld.Meta", "endpoint {key} -> {value} of the request's metadata")
	text(&peer.Proto, "proto", "Helloworld.Call", "endpoint like -call that takes protobuf: string 1 -> string 1")
	text(&peer.Nothing, "nothing", "Helloworld.Nothing", "endpoint that takes and answers an empty protobuf message")
	text(&peer.Missing, "missing", "Helloworld.Missing", "endpoint that the peer does not have")

	text(&peer.FailID, "fail-id", "helloworld", "id of the error of -fail")
	text(&peer.FailDetail, "fail-detail", "no name", "detail of the error of -fail")
	flags.IntVar(&peer.MissingCode, "missing-code", 404, "code of the error of -missing; 0 is plain text")
	text(&peer.MissingText, "missing-text", "Helloworld.Call", "what the error of -missing must name")
	flags.IntVar(&peer.MalformedCode, "malformed-code", 400, "code of the error of a body that is no JSON; 0 is plain text")

	flags.IntVar(&peer.Retries, "retries", 0, "attempts after the first; go-micro servers lose a call now and then and need one")
	flags.DurationVar(&peer.Idle, "idle", 0, "how long a connection rests before it is used again; 0 leaves these checks out")

	return peer
}
