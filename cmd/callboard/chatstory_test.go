package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// chatStory is what the chat of a story was sent.
type chatStory struct {
	moved chan struct{} // has one after each message

	mu    sync.Mutex
	texts []string
}

// startChat starts a chat, which is too busy for the first request and the third, and sets $SLACK_WEBHOOK.
func (s *story) startChat(ts *testscript.TestScript, _ []string) {
	chat := &chatStory{moved: make(chan struct{}, 1)}
	s.chat = chat
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Text string `json:"text"`
		}
		chat.mu.Lock()
		defer chat.mu.Unlock()
		if requests++; requests == 1 || requests == 3 {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "rate_limited", http.StatusTooManyRequests)
			return
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Text == "" {
			http.Error(w, "invalid_payload", http.StatusBadRequest)
			return
		}
		chat.texts = append(chat.texts, body.Text)
		io.WriteString(w, "ok")
		select {
		case chat.moved <- struct{}{}:
		default:
		}
	}))
	ts.Defer(server.Close)
	ts.Setenv("SLACK_WEBHOOK", server.URL+"/services/T0/B0/secret-of-the-chat")
}

func (c *chatStory) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.texts)
}

// awaitTold waits for a message.
func (s *story) awaitTold(ts *testscript.TestScript, args []string) {
	need(ts, args, 1, "told PATTERN")
	want, err := regexp.Compile("(?s)" + args[0])
	ts.Check(err)
	for deadline := time.After(storyWait); !slices.ContainsFunc(s.chat.all(), want.MatchString); {
		select {
		case <-s.chat.moved:
		case <-deadline:
			ts.Fatalf("no message matches %s: %q", args[0], s.chat.all())
		}
	}
}

// messages checks how many there are.
func (s *story) messages(ts *testscript.TestScript, args []string) {
	need(ts, args, 1, "messages N")
	if all := s.chat.all(); strconv.Itoa(len(all)) != args[0] {
		ts.Fatalf("%d messages: %q", len(all), all)
	}
}
