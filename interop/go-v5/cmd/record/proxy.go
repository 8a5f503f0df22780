package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
)

// proxy passes one TCP connection on and keeps what went through it. A second
// connection is refused: the bytes of two in one file would mean nothing.
type proxy struct {
	listener net.Listener
	done     chan struct{}

	mu          sync.Mutex
	open        []net.Conn
	connections int
	err         error

	requests, responses bytes.Buffer
}

func startProxy(listen, server string) (*proxy, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}

	p := &proxy{listener: listener, done: make(chan struct{})}
	go p.run(server)

	return p, nil
}

// address is where the proxy listens.
func (p *proxy) address() string {
	return p.listener.Addr().String()
}

func (p *proxy) run(server string) {
	defer close(p.done)

	var directions sync.WaitGroup
	defer directions.Wait()

	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // stop closed the listener
		}

		upstream, ok := p.admit(client, server)
		if !ok {
			client.Close()
			continue
		}

		directions.Add(2)
		go copyAll(&directions, upstream, client, &p.requests)
		go copyAll(&directions, client, upstream, &p.responses)
	}
}

// admit dials the server for the first connection.
func (p *proxy) admit(client net.Conn, server string) (net.Conn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.connections++
	if p.connections > 1 {
		return nil, false
	}

	upstream, err := net.Dial("tcp", server)
	if err != nil {
		p.err = err
		return nil, false
	}
	p.open = append(p.open, client, upstream)

	return upstream, true
}

// copyAll keeps each piece before it is passed on: whoever has read an answer
// knows that the question and the answer are kept.
func copyAll(directions *sync.WaitGroup, to, from net.Conn, kept *bytes.Buffer) {
	defer directions.Done()
	_, _ = io.Copy(io.MultiWriter(kept, to), from)
}

// stop closes everything and returns what went to the server and what came
// back.
func (p *proxy) stop() (requests, responses []byte, err error) {
	p.listener.Close()
	p.mu.Lock()
	for _, conn := range p.open {
		conn.Close()
	}
	p.mu.Unlock()
	<-p.done

	if p.err != nil {
		return nil, nil, p.err
	}
	if p.connections != 1 {
		return nil, nil, fmt.Errorf("%d connections went through the proxy, want 1", p.connections)
	}

	return p.requests.Bytes(), p.responses.Bytes(), nil
}
