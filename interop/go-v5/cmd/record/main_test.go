package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"interop/check"
)

const recorded = "../../../testdata"

// The recorded files must be what the pinned version says today.
func TestRecordedBytesAreCurrent(t *testing.T) {
	out := t.TempDir()
	// Any port that is free: only the Host header shows which one it was.
	if err := record(out, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}

	for _, scenario := range scenarios {
		for _, direction := range []string{"request", "response"} {
			name := "v5-" + scenario.name + "." + direction + ".txt"
			if got, want := portless(read(t, out, name)), portless(read(t, recorded, name)); !bytes.Equal(got, want) {
				t.Errorf("%s differs:\n got %q\nwant %q", name, got, want)
			}
		}
	}
}

// The checks that write to a connection themselves must write what the real
// client does.
func TestRawRequestIsWhatTheClientSends(t *testing.T) {
	var got []byte
	for id, name := range []string{"John", "Jane"} {
		body := []byte(`{"name":"` + name + `"}` + "\n")
		got = append(got, check.RawRequest(defaultListen, "greeter", "Greeter.Hello", id, 5*time.Second, body)...)
	}

	if want := read(t, recorded, "v5-two-calls.request.txt"); !bytes.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

var host = regexp.MustCompile(`\r\nHost: 127\.0\.0\.1:[0-9]+\r\n`)

func portless(content []byte) []byte {
	return host.ReplaceAll(content, []byte("\r\nHost: 127.0.0.1\r\n"))
}

func read(t *testing.T, folder, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}

	return content
}
