package check

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"interop/check/service"
)

const maxReply = 1 << 20

// RawRequest is one unary JSON request as go-micro v4.10 to v6 write it, byte
// for byte.
func RawRequest(host, service, endpoint string, id int, timeout time.Duration, body []byte) []byte {
	var request bytes.Buffer
	fmt.Fprintf(&request, "POST / HTTP/1.1\r\n")
	fmt.Fprintf(&request, "Host: %s\r\n", host)
	fmt.Fprintf(&request, "User-Agent: Go-http-client/1.1\r\n")
	fmt.Fprintf(&request, "Content-Length: %d\r\n", len(body))
	fmt.Fprintf(&request, "Accept: application/json\r\n")
	fmt.Fprintf(&request, "Content-Type: application/json\r\n")
	fmt.Fprintf(&request, "Micro-Endpoint: %s\r\n", endpoint)
	fmt.Fprintf(&request, "Micro-Id: %d\r\n", id)
	fmt.Fprintf(&request, "Micro-Method: %s\r\n", endpoint)
	fmt.Fprintf(&request, "Micro-Service: %s\r\n", service)
	fmt.Fprintf(&request, "Timeout: %d\r\n", timeout.Nanoseconds())
	fmt.Fprintf(&request, "\r\n")
	request.Write(body)

	return request.Bytes()
}

// rawConn is one connection that the checks write to themselves, so that no
// pool can hide that the peer closed it.
type rawConn struct {
	peer   Peer
	conn   net.Conn
	reader *bufio.Reader
	next   int
}

func (s Suite) rawDial() (*rawConn, error) {
	conn, err := net.DialTimeout("tcp", s.Peer.Address, patience)
	if err != nil {
		return nil, err
	}

	return &rawConn{peer: s.Peer, conn: conn, reader: bufio.NewReader(conn)}, nil
}

// exchange sends one request and reads its answer: the body and the
// Micro-Error header.
func (c *rawConn) exchange(endpoint string, timeout time.Duration, body []byte) ([]byte, string, error) {
	request := RawRequest(c.peer.Address, c.peer.Service, endpoint, c.next, timeout, body)
	c.next++

	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, "", err
	}
	if _, err := c.conn.Write(request); err != nil {
		return nil, "", fmt.Errorf("cannot write: %w", err)
	}

	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the answer: %w", err)
	}
	defer response.Body.Close()

	reply, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the answer's body: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("status %s, and a go-micro client takes nothing but 200: %s", response.Status, reply)
	}

	return reply, response.Header.Get("Micro-Error"), nil
}

func (c *rawConn) hello(name string) error {
	body, err := json.Marshal(service.HelloRequest{Name: name})
	if err != nil {
		return err
	}

	reply, failure, err := c.exchange(c.peer.Call, 5*time.Second, append(body, '\n'))
	if err != nil {
		return err
	}
	if failure != "" {
		return fmt.Errorf("error %s", failure)
	}

	// A connection that carries more than the answer has lost its framing.
	if extra := c.reader.Buffered(); extra > 0 {
		return fmt.Errorf("%d bytes after the answer", extra)
	}

	var decoded service.HelloReply
	if err := json.Unmarshal(reply, &decoded); err != nil {
		return fmt.Errorf("reply %q: %w", reply, err)
	}

	return same("reply", decoded.Msg, service.Greeting(name))
}

// rawKeepAlive makes two calls on one connection with a rest between them.
func (s Suite) rawKeepAlive(rest time.Duration) error {
	conn, err := s.rawDial()
	if err != nil {
		return err
	}
	defer conn.conn.Close()

	if err := conn.hello("Jane"); err != nil {
		return fmt.Errorf("first call: %w", err)
	}
	time.Sleep(rest)
	if err := conn.hello("John"); err != nil {
		return fmt.Errorf("second call, %s after the first on the same connection: %w", rest, err)
	}

	return nil
}

// rawDeadline waits longer than the Timeout header says: the answer has to
// come from the peer, not from a client that stopped to wait.
func (s Suite) rawDeadline() error {
	conn, err := s.rawDial()
	if err != nil {
		return err
	}
	defer conn.conn.Close()

	body := fmt.Appendf(nil, "{\"ms\":%d}\n", longSleep.Milliseconds())
	_, failure, err := conn.exchange(s.Peer.Sleep, deadline, body)
	if err != nil {
		return err
	}

	return sameCode(failure, 408)
}

func (s Suite) rawMalformed() error {
	conn, err := s.rawDial()
	if err != nil {
		return err
	}
	defer conn.conn.Close()

	_, failure, err := conn.exchange(s.Peer.Call, 5*time.Second, []byte(`{"name":`))
	if err != nil {
		return err
	}

	return sameCode(failure, s.Peer.MalformedCode)
}

// sameCode checks the code in a Micro-Error header; code 0 is plain text.
func sameCode(header string, code int) error {
	if header == "" {
		return fmt.Errorf("no Micro-Error, want one with code %d", code)
	}

	var failure struct {
		ID     string `json:"id"`
		Code   int    `json:"code"`
		Detail string `json:"detail"`
		Status string `json:"status"`
	}
	if err := json.Unmarshal([]byte(header), &failure); err != nil && (code != 0 || strings.HasPrefix(header, "{")) {
		return fmt.Errorf("Micro-Error %q: %w", header, err)
	}
	if failure.Code != code {
		return fmt.Errorf("Micro-Error %q has code %d, want %d", header, failure.Code, code)
	}
	if code != 0 && failure.Status != http.StatusText(code) {
		return fmt.Errorf("Micro-Error %q has status %q, want %q", header, failure.Status, http.StatusText(code))
	}

	return nil
}
