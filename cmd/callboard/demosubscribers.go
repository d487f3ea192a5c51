package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/callboard/callboard/internal/config"
)

// maxDemoBody is more than a portal sends at once.
const maxDemoBody = 16 << 20

// oddEntity is what one of the demo's subscribers cannot take.
const oddEntity = `"subject":"component:default/order-facts"`

// demoListeners are whom a demo sends to, at an address of this machine: two programs that
// take its events, and a chat.
type demoListeners struct {
	url         string
	subscribers []config.Subscriber
	chat        config.Channel
	stop        func() error
}

// listenToDemo starts them. One program takes all, the other stumbles over an entity, so
// that there is a dead letter to look at.
func listenToDemo() (*demoListeners, error) {
	l, err := net.Listen("tcp", anyPort)
	if err != nil {
		return nil, fmt.Errorf("start the sample subscribers: %w", err)
	}
	mux := http.NewServeMux()
	room := &chatRoom{}
	mux.HandleFunc("GET /"+demoChat, room.show)
	mux.HandleFunc("POST /"+demoChat, room.take)
	mux.HandleFunc("POST /warehouse", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /cmdb", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDemoBody))
		if err != nil || bytes.Contains(body, []byte(oddEntity)) {
			http.Error(w, `{"error": "the owner of order-facts is no cost centre"}`, http.StatusUnprocessableEntity)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	d := &demoListeners{url: "http://" + l.Addr().String()}
	d.chat = room.channel(d.url)
	d.stop = func() error {
		err := server.Close()
		if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
	for _, name := range []string{"warehouse", "cmdb"} {
		key := make([]byte, 32)
		rand.Read(key) // which never fails
		d.subscribers = append(d.subscribers, config.Subscriber{
			Name: name, URL: d.url + "/" + name, From: "0", GiveUp: config.Duration(time.Minute),
			Secret: config.Secret("whsec_" + base64.StdEncoding.EncodeToString(key)),
		})
	}
	return d, nil
}
