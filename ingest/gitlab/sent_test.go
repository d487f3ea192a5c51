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
	s := newSource(t, gitlab.Options{URL: forge.URL, Token: "a token for tests", WebhookSecret: secret, Groups: []string{"acme"}, Payload: toPayload})
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

const payload = "https://portal.example/hooks/gitlab"

func toPayload() string { return payload }

// What another portal's source of the same name was sent is not ours, and whose webhook
// is missing or switched off is said; what the latter was sent is looked at still.
func TestSentToAnotherPortal(t *testing.T) {
	for _, tt := range []struct {
		name, hooks string
		listed      int
		missing     string // "" = none is
	}{
		{"ours", `{"id": 1, "url": "` + payload + `", "alert_status": "executable"}`, 1, ""},
		{"another's", `{"id": 2, "url": "https://other.example/hooks/gitlab"}`, 0, "group acme has no webhook that is active and leads to " + payload + "; one leads to https://other.example/hooks/gitlab,"},
		{"both", `{"id": 2, "url": "https://other.example/hooks/gitlab"}, {"id": 1, "url": "` + payload + `"}`, 1, ""},
		{"switched off", `{"id": 1, "url": "` + payload + `", "alert_status": "disabled"}`, 1, "group acme has no webhook that is active and leads to " + payload},
		{"none", "", 0, "group acme has no webhook"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/hooks") {
					fmt.Fprintf(w, "[%s]", tt.hooks)
					return
				}
				fmt.Fprintf(w, `[{"id": 7, "request_headers": {"Idempotency-Key": "k"}, "response_status": "200", "created_at": %q}]`, time.Now().UTC().Format(time.RFC3339))
			}))
			t.Cleanup(forge.Close)
			s := newSource(t, gitlab.Options{Name: "gitlab", URL: forge.URL, Token: "a token for tests", WebhookSecret: secret, Groups: []string{"acme"}, Payload: toPayload})
			listed := 0
			var missing *ingest.NoWebhook
			for _, err := range s.Since(t.Context(), time.Now().Add(-time.Hour)) {
				if err == nil {
					listed++
				} else if !errors.As(err, &missing) {
					t.Fatal(err)
				}
			}
			if listed != tt.listed || (missing == nil) != (tt.missing == "") || missing != nil && !strings.HasPrefix(missing.Error(), tt.missing) {
				t.Errorf("%d are listed, and missing is %v", listed, missing)
			}
		})
	}
}
