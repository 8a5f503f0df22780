package load

import (
	"fmt"
	"strconv"
	"time"
)

// arguments is what a peer is told.
type arguments struct {
	role, runtime, address     string
	pid, inFlight, connections int
	warm, window               time.Duration
}

// read reads ROLE [--name value]...
func read(words []string) (arguments, error) {
	read := arguments{runtime: "ct", inFlight: 1, connections: 1, warm: 250 * time.Millisecond, window: 500 * time.Millisecond}
	if len(words)%2 == 0 || (words[0] != "server" && words[0] != "client") {
		return read, fmt.Errorf("write server or client and --name value, not %q", words)
	}
	read.role = words[0]
	for rest := words[1:]; len(rest) > 0; rest = rest[2:] {
		if err := read.set(rest[0], rest[1]); err != nil {
			return read, fmt.Errorf("%s %s: %w", rest[0], rest[1], err)
		}
	}
	return read, nil
}

func (a *arguments) set(name, value string) (err error) {
	var millis int
	switch {
	case name == "--runtime" && (value == "ct" || value == "mt"):
		a.runtime = value
	case name == "--work" && value == "echo":
	case name == "--address":
		a.address = value
	case name == "--pid":
		a.pid, err = strconv.Atoi(value)
	case name == "--in-flight":
		a.inFlight, err = strconv.Atoi(value)
	case name == "--connections":
		a.connections, err = strconv.Atoi(value)
	case name == "--warm-ms":
		millis, err = strconv.Atoi(value)
		a.warm = time.Duration(millis) * time.Millisecond
	case name == "--window-ms":
		millis, err = strconv.Atoi(value)
		a.window = time.Duration(millis) * time.Millisecond
	default:
		err = fmt.Errorf("not known")
	}
	return err
}
