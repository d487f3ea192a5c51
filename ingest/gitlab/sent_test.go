package gitlab_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/gitlab"
)

// A list that is too long breaks off with a word, and not as if it had come to its end.
func TestTooManySent(t *testing.T) {
	pages := 0
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/hooks") {
			fmt.Fprint(w, `[{"id": 1, "url": "https://portal.example/hooks/gitlab"}]`)
			return
		}
		pages++
		w.Header().Set("X-Next-Page", strconv.Itoa(pages+1))
		fmt.Fprintf(w, `[{"id": %d, "request_headers": {"Idempotency-Key": "k%d"}, "response_status": "200", "created_at": %q}]`, pages, pages, time.Now().UTC().Format(time.RFC3339))
	}))
	t.Cleanup(forge.Close)
	s := newSource(t, gitlab.Options{URL: forge.URL, Token: "a token for tests", WebhookSecret: secret, Groups: []string{"acme"}})
	listed := 0
	var end error
	for _, err := range s.Since(t.Context(), time.Now().Add(-time.Hour)) {
		if end = err; err == nil {
			listed++
		}
	}
	if listed != pages || pages != ingest.MaxAttempts/20 || !errors.Is(end, ingest.ErrTooManyAttempts) {
		t.Errorf("%d of %d pages are listed, and then %v", listed, pages, end)
	}
}
