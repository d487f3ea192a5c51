package cloudevents_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/cloudevents"
	"github.com/callboard/callboard/internal/fault"
)

const secret = "a secret for tests"

func newSource(tb testing.TB) *cloudevents.Source {
	tb.Helper()
	s, err := cloudevents.New(cloudevents.Options{Name: "ci", WebhookSecret: secret, PreviousSecret: "the one before"})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func sign(key, body string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}

func TestVerify(t *testing.T) {
	const body = `{"specversion": "1.0", "id": "1", "source": "/ci", "type": "x"}`
	for _, tt := range []struct {
		name, header, value string
		want                string // part of the refusal; "" = accepted
	}{
		{"signed", "X-Hub-Signature-256", sign(secret, body), ""},
		{"signed with the secret before", "X-Hub-Signature-256", sign("the one before", body), ""},
		{"a bearer token", "Authorization", "Bearer " + secret, ""},
		{"the token before", "Authorization", "Bearer the one before", ""},
		{"another body signed", "X-Hub-Signature-256", sign(secret, body+" "), "does not fit"},
		{"signed with another secret", "X-Hub-Signature-256", sign("guess", body), "does not fit"},
		{"no prefix", "X-Hub-Signature-256", strings.TrimPrefix(sign(secret, body), "sha256="), "does not fit"},
		{"an empty signature", "X-Hub-Signature-256", "sha256=", "does not fit"},
		{"another token", "Authorization", "Bearer guess", "is not the webhookSecret"},
		{"an empty token", "Authorization", "Bearer ", "is not the webhookSecret"},
		{"no bearer", "Authorization", "Basic " + secret, "not signed"},
		{"nothing", "X-Other", "x", "not signed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"Content-Type": {"application/cloudevents+json"}}
			h.Set(tt.header, tt.value)
			_, err := newSource(t).Verify(h, []byte(body))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v, want it denied with %q", err, tt.want)
			}
		})
	}
	h := http.Header{"Authorization": {"Bearer guess"}, "X-Hub-Signature-256": {sign(secret, body)}}
	if _, err := newSource(t).Verify(h, []byte(body)); err != nil {
		t.Errorf("a good signature beside a proxy's token: %v", err)
	}
}

// A delivery is named by source and id, whichever mode it is sent in.
func TestReceipt(t *testing.T) {
	receipt := func(contentType, body string, more ...string) ingest.Receipt {
		t.Helper()
		h := http.Header{"Authorization": {"Bearer " + secret}, "Content-Type": {contentType}}
		for i := 0; i+1 < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		r, err := newSource(t).Verify(h, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	one := `{"specversion": "1.0", "id": "1", "source": "/ci/ä", "type": "x.y"}`
	structured := receipt("application/cloudevents+json; charset=utf-8", one)
	binary := receipt("text/plain", "other data", "Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/ci/%C3%A4", "Ce-Type", `"x.y"`)
	if structured != binary || structured.Event != "x.y" || structured.ID == "" {
		t.Errorf("one event is named %+v and %+v", structured, binary)
	}
	batch := receipt("application/cloudevents-batch+json", "["+one+"]")
	if batch != structured {
		t.Errorf("in a batch of its own it is named %+v", batch)
	}
	two := receipt("application/cloudevents-batch+json", "["+one+","+strings.Replace(one, `"1"`, `"2"`, 1)+"]")
	if two.ID == structured.ID || two.Event != "batch of 2" {
		t.Errorf("two are named %+v", two)
	}
	if elsewhere := receipt("application/cloudevents+json", strings.Replace(one, "/ci", "/cd", 1)); elsewhere.ID == structured.ID {
		t.Error("another source's event has the same name")
	}
	if none := receipt("application/json", one); none.ID != "" || none.Event != "unreadable" {
		t.Errorf("no CloudEvent is named %+v", none)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := cloudevents.New(cloudevents.Options{Name: "ci"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without a secret: %v", err)
	}
}
