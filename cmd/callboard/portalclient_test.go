package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/internal/fault"
)

// A portal that takes too long is told from one that is not there.
func TestPortalThatDoesNotAnswer(t *testing.T) {
	over := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer slow.Close()
	defer close(over)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{slow.URL: "did not answer within 50ms", gone: "no portal answers at " + gone + ": start it"} {
		client := newPortalClient(address, "")
		client.http = &http.Client{Timeout: 50 * time.Millisecond}
		err := client.ask(t.Context(), http.MethodGet, "/", nil, nil)
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}
